// Jedis: pooled use, pipelines, transactions, subscriptions; Lettuce: RESP3 with many commands on their way.
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.RedisURI;
import java.util.ArrayList;
import java.util.Map;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisPubSub;

public class RedisClients {
  static void jedis(int port) throws Exception {
    try (Jedis jedis = new Jedis("127.0.0.1", port)) {
      jedis.set("java:a", "x".repeat(1000));
      jedis.get("java:a");
      jedis.get("java:none");
      try { jedis.incr("java:a"); } catch (RuntimeException expected) { }
      var pipeline = jedis.pipelined();
      for (int n = 0; n < 50; n++) { pipeline.set("java:" + n, "v".repeat(n * 20)); pipeline.get("java:" + n); pipeline.lpush("java:a", "x"); }
      pipeline.sync();
      var transaction = jedis.multi();
      transaction.set("java:t", "1");
      transaction.incr("java:t");
      transaction.exec();
      jedis.hset("java:h", Map.of("a", "1", "b", "2"));
      jedis.hgetAll("java:h");
      jedis.set("java:bytes".getBytes(), new byte[2000]);
      jedis.get("java:bytes".getBytes());
      jedis.zadd("java:z", 1.5, "a");
      jedis.zrangeWithScores("java:z", 0, -1);
      jedis.eval("return {1,2,{3}}");
      try (Jedis other = new Jedis("127.0.0.1", port)) {
        Thread publisher = new Thread(() -> {
          try {
            Thread.sleep(100);
            for (int n = 0; n < 4; n++) jedis.publish("java", "m".repeat(n * 200));
          } catch (InterruptedException ignored) { }
        });
        publisher.start();
        other.subscribe(new JedisPubSub() {
          int seen;
          @Override public void onMessage(String channel, String message) { if (++seen == 4) unsubscribe(); }
        }, "java", "more");
        publisher.join();
        other.ping();
      }
    }
  }

  static void lettuce(int port) throws Exception {
    RedisClient client = RedisClient.create(RedisURI.create("127.0.0.1", port));
    try (var connection = client.connect()) {
      var async = connection.async();
      var futures = new ArrayList<RedisFuture<?>>();
      for (int n = 0; n < 200; n++) {
        futures.add(async.set("lettuce:" + n, "v".repeat(n * 11 % 900)));
        futures.add(n % 3 == 0 ? async.incr("lettuce:0") : async.get("lettuce:" + n / 2));
      }
      for (var future : futures) try { future.get(); } catch (Exception expected) { }
      var sync = connection.sync();
      sync.hset("lettuce:h", Map.of("a", "1"));
      sync.hgetall("lettuce:h");
      sync.multi();
      sync.set("lettuce:t", "1");
      sync.exec();
    }
    client.shutdown(java.time.Duration.ZERO, java.time.Duration.ofSeconds(1));
  }

  public static void main(String[] args) throws Exception {
    int port = Integer.parseInt(args[1]);
    if (args[0].equals("jedis")) jedis(port); else lettuce(port);
  }
}
