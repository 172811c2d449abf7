"""What a capture is asked to do; plain values that cross the control channel as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Self

from tunscope.capfile.rotation import Rotation, StopConditions
from tunscope.packet.direction import Direction
from tunscope.relay.peer_request import PeerRequest
from tunscope.relay.relay_options import RelayOptions

#: The largest packet that tshark and dumpcap accept, and the default of every tool of the field.
MAXIMUM_SNAPLEN = 262144


@dataclass(frozen=True, slots=True)
class CaptureOptions:
    """How packets are chosen and kept.

    `filter` is a BPF expression ("" accepts all), `snaplen` the bytes kept of each packet,
    `direction` UNKNOWN for both, `buffer_mib` the packet ring in MiB. `stop` ends the capture,
    `rotate` goes on in the next output file; packets wait up to `rotation_patience` seconds for
    that file to be handed over, then the full one takes them all the same. `promiscuous` has an
    observed device pass on frames that are for others. `peer` is the far end of a device that is
    opened by name and owned, `relay` what is done with packets between a device and its peer.
    With `through_owner` packets may be injected into the kernel by the descriptor of the process
    that owns an observed device.
    """

    filter: str = ""
    snaplen: int = MAXIMUM_SNAPLEN
    direction: Direction = Direction.UNKNOWN
    buffer_mib: int = 128
    stop: StopConditions = field(default_factory=StopConditions)
    rotate: Rotation = field(default_factory=Rotation)
    rotation_patience: float = 0.0
    promiscuous: bool = True
    peer: PeerRequest = field(default_factory=PeerRequest)
    relay: RelayOptions = field(default_factory=RelayOptions)
    through_owner: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the options as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Read options back; raises TypeError, ValueError or KeyError on anything else."""
        return cls(
            **value
            | {
                "direction": Direction(value["direction"]),
                "stop": StopConditions(**value["stop"]),
                "rotate": Rotation(**value["rotate"]),
                "peer": PeerRequest.from_json(value["peer"]),
                "relay": RelayOptions.from_json(value["relay"]),
            }
        )
