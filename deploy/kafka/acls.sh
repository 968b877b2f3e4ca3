#!/usr/bin/env bash
# Grants each stage the least it needs on Kafka, to a user of its own. Run it again after an upgrade: what is granted
# already stays. Users are made before, see docs/deploy.md.
#
#   BROKERS=kafka:9093 COMMAND_CONFIG=admin.properties bash deploy/kafka/acls.sh
#
#   BROKERS          some brokers, host:port
#   COMMAND_CONFIG   how an administrator logs in, as kafka-acls.sh takes it
#   PREFIX           SPANLOOM_BUS_KAFKA_PREFIX of the stages; spanloom.
#   USER_PREFIX      before the name of a stage in the name of its user; spanloom-
#   OTLP_TOPIC       SPANLOOM_SINK_OTLP_TOPIC, where that is switched on
#   KAFKA_ACLS       the command; kafka-acls.sh. `echo` shows what would be run.
set -euo pipefail

prefix=${PREFIX:-spanloom.}
user_prefix=${USER_PREFIX:-spanloom-}
read -ra kafka_acls <<<"${KAFKA_ACLS:-kafka-acls.sh}"

# grant STAGE --operation X [--operation Y] --topic T [--topic U] | --group G
grant() {
  "${kafka_acls[@]}" --bootstrap-server "${BROKERS:?some brokers, host:port}" \
    ${COMMAND_CONFIG:+--command-config "$COMMAND_CONFIG"} \
    --add --allow-principal "User:$user_prefix$1" "${@:2}"
}

reads() { grant "$1" --operation Read $(printf -- "--topic $prefix%s " "${@:2}"); }
writes() { grant "$1" --operation Write $(printf -- "--topic $prefix%s " "${@:2}"); }
# By prefix, since the correlator has two groups.
joins() { grant "$1" --operation Read --operation Describe --group "$prefix$1" --resource-pattern-type prefixed; }

# What follows for each stage is made by `npm run docs` from what its definition.ts says that it reads and writes. Every stage
# looks at start whether the topics are there. Write implies the id that an idempotent producer asks for.
#
# Who has the rights of the collector may write to `events` and `agent-resources` whatever they like, and read nothing. Kafka
# does not know agents: which agent a message is of, and that it is of that one, follows from its signature
# (SPANLOOM_AGENTS_SIGNATURES, docs/kafka.md). Not `resources`: what Kubernetes and clouds say of the cluster is no agent's to
# say. And never Read: keys of `agent-resources` end with what only their agent knows, so that no other can have them
# compacted away.
# <stages>
grant collector --operation Describe --topic "$prefix" --resource-pattern-type prefixed
writes collector agent-resources events stage-reports

grant resources --operation Describe --topic "$prefix" --resource-pattern-type prefixed
writes resources resources resource-ids stage-reports
reads resources resources resource-ids
joins resources

grant enricher --operation Describe --topic "$prefix" --resource-pattern-type prefixed
writes enricher spans flows dead-letter stage-reports
reads enricher events resources agent-resources
joins enricher

grant correlator --operation Describe --topic "$prefix" --resource-pattern-type prefixed
writes correlator linked traces dead-letter stage-reports
reads correlator spans linked
joins correlator

grant sink --operation Describe --topic "$prefix" --resource-pattern-type prefixed
writes sink dead-letter stage-reports
reads sink traces flows resources agent-resources stage-reports
joins sink
# </stages>

# `spanloom topics apply`. Deleting is not among it.
grant topics --operation Create --operation Alter --operation AlterConfigs --operation Describe \
  --operation DescribeConfigs --topic "$prefix" --resource-pattern-type prefixed

# The topic that an OpenTelemetry Collector reads, whose name has no prefix.
if [[ -n ${OTLP_TOPIC:-} ]]; then
  grant sink --operation Write --operation Describe --topic "$OTLP_TOPIC"
  grant topics --operation Create --operation Alter --operation AlterConfigs --operation Describe \
    --operation DescribeConfigs --topic "$OTLP_TOPIC"
fi

# People who look at what was put aside, and put it back: `spanloom dead-letter list|replay`.
grant operator --operation Describe --topic "$prefix" --resource-pattern-type prefixed
reads operator dead-letter
writes operator events agent-resources resources spans flows linked traces stage-reports
grant operator --operation Read --operation Describe --group "${prefix}read-" --resource-pattern-type prefixed

# Programs of others that read traces, each with a group of its own whose name begins so.
grant reader --operation Read --operation Describe --topic "${prefix}traces"
grant reader --operation Read --group "${prefix}reader" --resource-pattern-type prefixed
