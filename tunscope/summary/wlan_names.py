"""The names of wireless frames."""

from __future__ import annotations

from typing import Final

#: By type and subtype; of extended control frames with their extension behind.
FRAMES: Final = {
    0x00: "Association Request",
    0x01: "Association Response",
    0x02: "Reassociation Request",
    0x03: "Reassociation Response",
    0x04: "Probe Request",
    0x05: "Probe Response",
    0x06: "Measurement Pilot",
    0x08: "Beacon frame",
    0x09: "ATIM",
    0x0A: "Disassociate",
    0x0B: "Authentication",
    0x0C: "Deauthentication",
    0x0D: "Action",
    0x0E: "Action No Ack",
    0x0F: "Aruba Management",
    0x12: "Trigger",
    0x14: "Beamforming Report Poll",
    0x15: "VHT/HE NDP Announcement",
    0x17: "Control Wrapper",
    0x18: "802.11 Block Ack Req",
    0x19: "802.11 Block Ack",
    0x1A: "Power-Save poll",
    0x1B: "Request-to-send",
    0x1C: "Clear-to-send",
    0x1D: "Acknowledgement",
    0x1E: "CF-End (Control-frame)",
    0x1F: "CF-End + CF-Ack (Control-frame)",
    0x20: "Data",
    0x21: "Data + CF-Ack",
    0x22: "Data + CF-Poll",
    0x23: "Data + CF-Ack + CF-Poll",
    0x24: "Null function (No data)",
    0x25: "Acknowledgement (No data)",
    0x26: "CF-Poll (No data)",
    0x27: "CF-Ack/Poll (No data)",
    0x28: "QoS Data",
    0x29: "QoS Data + CF-Acknowledgment",
    0x2A: "QoS Data + CF-Poll",
    0x2B: "QoS Data + CF-Ack + CF-Poll",
    0x2C: "QoS Null function (No data)",
    0x2E: "QoS CF-Poll (No Data)",
    0x2F: "QoS CF-Ack + CF-Poll (No data)",
    0x30: "DMG Beacon",
    0x31: "S1G Beacon",
    0x162: "Poll",
    0x163: "Service Period Request",
    0x164: "Grant",
    0x165: "DMG Clear-to-send",
    0x166: "DMG Denial-to-send",
    0x167: "Grant Acknowledgment",
    0x168: "Sector Sweep",
    0x169: "Sector Sweep Feedback",
    0x16A: "Sector Sweep Acknowledgment",
}
TRIGGERS: Final = {
    0: "Basic",
    1: "Beamforming Report Poll (BRP)",
    2: "MU-BAR",
    3: "MU-RTS",
    4: "Buffer Status Report Poll (BSRP)",
    5: "GCR MU-BAR",
    6: "Bandwidth Query Report Poll (BQRP)",
    7: "NDP Feedback Report Poll (NFRP)",
    8: "Ranging",
}
#: The actions of wireless network management (category 10).
NETWORK_MANAGEMENT_ACTIONS: Final = dict(
    enumerate(
        (
            "Event Request",
            "Event Report",
            "Diagnostic Request",
            "Diagnostic Report",
            "Location Configuration Request",
            "Location Configuration Response",
            "BSS Transition Management Query",
            "BSS Transition Management Request",
            "BSS Transition Management Response",
            "FMS Request",
            "FMS Response",
            "Collocated Interference Request",
            "Collocated Interference Report",
            "TFS Request",
            "TFS Response",
            "TFS Notify",
            "WNM-Sleep Mode Request",
            "WNM-Sleep Mode Response",
            "TIM Broadcast Request",
            "TIM Broadcast Response",
            "QoS Traffic Capability Update",
            "Channel Usage Request",
            "Channel Usage Response",
            "DMS Request",
            "DMS Response",
            "Timing Measurement Request",
            "WNM-Notification Request",
            "WNM-Notification Response",
        )
    )
)
#: The categories and actions whose dialog token is shown.
WITH_DIALOG_TOKEN: Final = frozenset(
    (category, action)
    for category, actions in {
        0: (0, 1, 2, 3),
        1: (0, 1),
        3: (0, 1),
        4: (10, 13),
        9: (10, 13),
        10: (6, 7, 8, 13, 14, 16, 17, 26),
        11: (1,),
    }.items()
    for action in actions
)
