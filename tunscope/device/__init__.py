"""Linux network devices: /dev/net/tun, netlink, owners, namespaces, capture filters."""
