"""Prints live traces as trees: python3 print_traces.py --brokers 127.0.0.1:9092
Needs: pip install -r requirements.txt. It knows nothing of spanloom but the topic and the schema files:
docs/consume-traces.md is the contract it keeps."""

import argparse
import json
import signal
import sys
from io import BytesIO
from pathlib import Path

from confluent_kafka import Consumer, KafkaException
from fastavro import parse_schema, schemaless_reader

parser = argparse.ArgumentParser(description="Prints live traces as trees.")
parser.add_argument("--brokers", default="127.0.0.1:9092")
parser.add_argument("--topic", default="spanloom.traces")
parser.add_argument("--group", default="print-traces-python")
parser.add_argument("--schemas", type=Path, default=Path(__file__).parents[2] / "schemas" / "avro" / "history")
parser.add_argument("--from-beginning", action="store_true")
options = parser.parse_args()

schemas = {}
# Versions of the traces seen lately. A table of current traces would hold the traces themselves.
versions = {}


def decode(value, fingerprint):
    """The header `schema` names the file of the schema that the value was written with."""
    if fingerprint not in schemas:
        text = (options.schemas / f"Trace-{fingerprint}.json").read_text()
        schemas[fingerprint] = parse_schema(json.loads(text))
    # With a schema registry five bytes come first: a zero, and the schema's number there.
    return schemaless_reader(BytesIO(value[5:] if value[0] == 0 else value), schemas[fingerprint])


def handle(trace):
    trace_id = trace["trace_id"]
    is_merged = trace["merged_into"] != ""
    version = trace["revision"] * 2 + is_merged
    known = versions.pop(trace_id, None)
    versions[trace_id] = version if known is None else max(version, known)
    if len(versions) > 100_000:
        versions.pop(next(iter(versions)))
    if known is not None and version <= known:
        return  # Delivered again.
    if is_merged:
        print(f"trace {trace_id} is part of {trace['merged_into']} now")
    else:
        show(trace, "" if known is None else ", replaces an earlier one")


def ms(ns):
    return f"{ns / 1e6:.3f} ms"


def show(trace, note):
    spans = trace["spans"]
    counts = f"{len(spans)} spans, {ms(trace['duration_ns'])}, {trace['error_count']} errors"
    # Schemas before this field do not have it.
    carried = trace.get("carried_trace_id")
    note = f", W3C trace id {carried}{note}" if carried else note
    print(f"trace {trace['trace_id']} revision {trace['revision']}: {counts}{note}")
    depths = {}
    for span in spans:
        depth = depths.get(span["parent_span_id"], 0) + 1
        depths[span["span_id"]] = depth
        what = " ".join(span[name] for name in ("observation_point", "process_name", "request_type", "endpoint"))
        why = f"{span['reason']} {span['confidence']:.3f}" if span["parent_span_id"] else "root"
        print(f"{'  ' * depth}{what}: {span['status']}, {ms(span['duration_ns'])} ({why})")


def main():
    consumer = Consumer(
        {
            "bootstrap.servers": options.brokers,
            "group.id": options.group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest" if options.from_beginning else "latest",
        }
    )
    stopping = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.append(True))
    consumer.subscribe([options.topic])
    while not stopping:
        messages = consumer.consume(num_messages=500, timeout=0.5)
        for message in messages:
            if message.error():
                raise KafkaException(message.error())
            if message.value() is not None:
                handle(decode(message.value(), dict(message.headers() or [])["schema"].decode()))
        sys.stdout.flush()
        if messages:
            # Only now: what was read but not handled comes again after a crash.
            consumer.commit(asynchronous=False)
    consumer.close()


main()
