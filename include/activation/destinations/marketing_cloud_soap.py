"""The two calls of Marketing Cloud's SOAP API that its REST API has no counterpart of, as text and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.etree import ElementTree
from xml.sax.saxutils import escape

NAMESPACE = "http://exacttarget.com/wsdl/partnerAPI"
_ENVELOPE = """<?xml version="1.0" encoding="UTF-8"?>
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<s:Header><fueloauth xmlns="http://exacttarget.com">{token}</fueloauth></s:Header>
<s:Body>{body}</s:Body></s:Envelope>"""
_FIELDS = """<RetrieveRequestMsg xmlns="{namespace}"><RetrieveRequest><ObjectType>DataExtensionField</ObjectType>
<Properties>Name</Properties><Properties>IsPrimaryKey</Properties><Filter xsi:type="SimpleFilterPart">
<Property>DataExtension.CustomerKey</Property><SimpleOperator>equals</SimpleOperator><Value>{key}</Value></Filter>
</RetrieveRequest></RetrieveRequestMsg>"""
_ROW = """<Objects xsi:type="DataExtensionObject"><CustomerKey>{key}</CustomerKey><Keys><Key><Name>{name}</Name>
<Value>{value}</Value></Key></Keys></Objects>"""


def fields_request(token: str, key: str) -> bytes:
    """Ask for the fields of a data extension, by its external key."""
    return _enveloped(token, _FIELDS.format(namespace=NAMESPACE, key=escape(key)))


def delete_request(token: str, key: str, name: str, values: Iterable[str]) -> bytes:
    """Delete rows of a data extension by its primary key's field ``name``."""
    rows = "".join(_ROW.format(key=escape(key), name=escape(name), value=escape(value)) for value in values)
    return _enveloped(token, f'<DeleteRequest xmlns="{NAMESPACE}">{rows}</DeleteRequest>')


def fields_answered(text: str) -> dict[str, bool]:
    """Return the fields of an answer, and whether each is of the primary key."""
    return {_text(one, "Name"): _text(one, "IsPrimaryKey") == "true" for one in _results(text)}


def deletions_answered(text: str) -> list[str | None]:
    """Return why each row was not deleted, in the order of the request; None for one that was."""
    return [None if _text(one, "StatusCode") == "OK" else _text(one, "StatusMessage") for one in _results(text)]


def is_expired(text: str) -> bool:
    """Whether an answer says that its token no longer holds."""
    return "Token Expired" in text or "Login Failed" in text


def _enveloped(token: str, body: str) -> bytes:
    return _ENVELOPE.format(token=escape(token), body=body).encode()


def _results(text: str) -> Iterator[ElementTree.Element]:
    yield from ElementTree.fromstring(text).iter(f"{{{NAMESPACE}}}Results")


def _text(element: ElementTree.Element, name: str) -> str:
    return element.findtext(f"{{{NAMESPACE}}}{name}") or ""
