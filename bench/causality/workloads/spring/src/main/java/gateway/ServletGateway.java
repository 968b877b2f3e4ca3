package gateway;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Flux;

/** Spring MVC: a thread of Tomcat's pool per request; parallel calls by a pool of the application, or by WebClient. */
@RestController
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
public class ServletGateway {
  private final Calls calls;
  private final JdbcTemplate postgres;
  private final StringRedisTemplate redis;
  private final boolean usesWebClient;
  private final ExecutorService pool = Executors.newFixedThreadPool(64);

  ServletGateway(Calls calls, JdbcTemplate postgres, StringRedisTemplate redis, @Value("${client}") String client) {
    this.calls = calls;
    this.postgres = postgres;
    this.redis = redis;
    usesWebClient = client.equals("web");
  }

  private void call(String truth, String path) {
    if (usesWebClient) calls.reactive(truth, path).block();
    else calls.blocking(truth, path);
  }

  @GetMapping("/one")
  String one(@RequestHeader("x-truth") String truth) {
    call(truth, Calls.PATHS.get(0));
    return "gateway\n";
  }

  @GetMapping("/sequence")
  String sequence(@RequestHeader("x-truth") String truth) {
    for (String path : Calls.PATHS) call(truth, path);
    return "gateway\n";
  }

  @GetMapping("/parallel")
  String parallel(@RequestHeader("x-truth") String truth) throws Exception {
    if (usesWebClient) {
      Flux.fromIterable(Calls.PATHS).flatMap(path -> calls.reactive(truth, path)).blockLast();
      return "gateway\n";
    }
    List<Future<Void>> running = new ArrayList<>();
    for (String path : Calls.PATHS) running.add(pool.submit(() -> calls.blocking(truth, path)));
    for (Future<Void> each : running) each.get();
    return "gateway\n";
  }

  @GetMapping("/databases")
  String databases(@RequestHeader("x-truth") String truth) {
    redis.opsForValue().get("cart:" + truth);
    postgres.queryForObject("SELECT ?::text", String.class, truth);
    call(truth, Calls.PATHS.get(0));
    return "gateway\n";
  }

}
