"""Certificates of an authority of one's own, for the loopback."""

from __future__ import annotations

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def authority(folder, name="ca"):
    """Write ca.pem, and cert.pem and key.pem that it signed: {"tls_ca": path, "tls_cert": path, "tls_key": path}."""
    folder.mkdir(exist_ok=True)
    own, signed = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"motes tests {name}")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    ca = _certificate(issuer, issuer, own.public_key(), own, x509.BasicConstraints(ca=True, path_length=0))
    cert = _certificate(
        subject,
        issuer,
        signed.public_key(),
        own,
        x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
    )
    paths = {"tls_ca": folder / "ca.pem", "tls_cert": folder / "cert.pem", "tls_key": folder / "key.pem"}
    paths["tls_ca"].write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    paths["tls_cert"].write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    paths["tls_key"].write_bytes(
        signed.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return paths


def files_of(security, folder):
    """What the processes of a local cluster have in memory, in files: options of the command line."""
    held = {"tls-ca": security.tls_ca_file, "tls-cert": security.tls_client_cert, "tls-key": security.tls_client_key}
    words = []
    for option, text in held.items():
        path = folder / f"{option}.pem"
        path.write_text(text)
        words += [f"--{option}", str(path)]
    return words


def _certificate(subject, issuer, key, signer, extension):
    now = datetime.datetime.now(datetime.timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        .sign(signer, hashes.SHA256())
    )
