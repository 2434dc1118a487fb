"""Template files made of a few values, for tests of the import."""

import secrets

METER_HEADER = (
    "serialnumber;serialnumber_board;macaddress;firmwareid;hardwareid;servicekind;tag;"
    "primarykey;secondarykey"
)
POD_HEADER = "name;address;city;latitude;longitude;altitude;tag;isbalance"
CONCENTRATOR_HEADER = (
    "serialnumber;adlvc;ppp_username;ppp_password;maa_username;maa_password;k2_password;tag"
)
INSTALLATION_HEADER = (
    "ConcentratorName;ConcentratorSerialNumber;SpontaneousProfile;ProcedureProfile;"
    "SubstationName;TransformerName;ModuleSerialNumber;SimSerialNumber;EthernetName"
)


def csv(header, *rows):
    return "".join(f"{line}\n" for line in (header, *rows)).encode()


def key():
    return secrets.token_hex(16).upper()


def meter(number, primary=None, secondary=None, **other):
    values = {
        "serial": f"UAAEEDN111{number:08d}",
        "mac": f"8505550{number:05X}",
        "tag": "",
        "kind": "Electric",
    } | other
    keys = key() if primary is None else primary, key() if secondary is None else secondary
    return (
        f"{values['serial']};{values['serial']};{values['mac']};11;L01207;{values['kind']};"
        f"{values['tag']};{keys[0]};{keys[1]}"
    )


def meters(*rows):
    return csv(METER_HEADER, *rows)


def pods(*rows):
    return csv(POD_HEADER, *rows)


def concentrator(serial, k2=None, address="0829614A0000"):
    return f"{serial};{address};user;{key()};maa;{key()};{k2 or key()};"


def concentrators(*rows):
    return csv(CONCENTRATOR_HEADER, *rows)
