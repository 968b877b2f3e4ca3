#!/usr/bin/env bash
# Makes images of Kafka and Redis for tests where no registry of images can be reached: Debian's base, Java and Redis by
# debootstrap, Kafka from the archives that Maven brought (npm run kafka:start downloads them). As root, with a Docker engine.
# They understand what the official images understand as far as tests need it. Then:
#   TEST_KAFKA_IMAGE=spanloom-test-kafka TEST_REDIS_IMAGE=spanloom-test-redis npm test
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
archives=(node_modules/.cache/spanloom/kafka/*/)
[ -d "${archives[0]}" ] || { echo 'Kafka is not there yet: npm run kafka:start downloads it' >&2; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# shellcheck source=/dev/null
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
debootstrap --variant=minbase --include=openjdk-17-jre-headless,redis-server "$suite" "$folder/root"
rm -rf "$folder"/root/var/cache/apt/archives/*.deb
tar -C "$folder/root" -cf "$folder/base.tar" .
rm -rf "$folder/root"
cp -r "${archives[0]}" "$folder/kafka"

cat >"$folder/start-kafka" <<'SCRIPT'
#!/bin/sh
# As in the image apache/kafka, KAFKA_A_B=c becomes a.b=c in server.properties.
set -e
echo 'log.dirs=/tmp/kafka' >/tmp/server.properties
env | sed -n 's/^KAFKA_//p' | while IFS='=' read -r name value; do
  echo "$(echo "$name" | tr 'A-Z_' 'a-z.')=$value"
done >>/tmp/server.properties
java -cp '/opt/kafka/*' kafka.tools.StorageTool format -t c3BhbmxvbS1sb2NhbC0xMQ -c /tmp/server.properties
exec java -Xmx512m -XX:+UseSerialGC -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
  -Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info -cp '/opt/kafka/*' kafka.Kafka /tmp/server.properties
SCRIPT
chmod +x "$folder/start-kafka"

cat >"$folder/Dockerfile" <<'DOCKERFILE'
FROM scratch AS base
ADD base.tar /

FROM base AS redis
EXPOSE 6379
CMD ["redis-server", "--protected-mode", "no", "--save", ""]

FROM base AS kafka
COPY kafka /opt/kafka
COPY start-kafka /usr/local/bin/
EXPOSE 9092
CMD ["start-kafka"]
DOCKERFILE
for server in kafka redis; do
  docker build --quiet --target "$server" --tag "spanloom-test-$server" "$folder"
done
