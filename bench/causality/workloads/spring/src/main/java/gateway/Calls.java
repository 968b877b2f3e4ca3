package gateway;

import java.util.List;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.springframework.http.HttpEntity;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.client.HttpComponentsClientHttpRequestFactory;
import org.springframework.stereotype.Component;
import org.springframework.web.client.RestTemplate;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Mono;

/** Calls of the backend, by each of Spring's clients. */
@Component
public class Calls {
  static final List<String> PATHS = List.of("/b1", "/b2", "/b3");

  private final String backend = "http://127.0.0.1:" + System.getenv("BACKEND_PORT");
  private final WebClient web = WebClient.create(backend);
  private final RestTemplate rest;

  Calls() {
    var connections = PoolingHttpClientConnectionManagerBuilder.create().setMaxConnPerRoute(256).setMaxConnTotal(256).build();
    var client = HttpClients.custom().setConnectionManager(connections).build();
    rest = new RestTemplate(new HttpComponentsClientHttpRequestFactory(client));
  }

  Void blocking(String truth, String path) {
    var headers = new HttpHeaders();
    headers.set("x-truth", truth);
    rest.exchange(backend + path, HttpMethod.GET, new HttpEntity<>(headers), String.class);
    return null;
  }

  Mono<String> reactive(String truth, String path) {
    return web.get().uri(path).header("x-truth", truth).retrieve().bodyToMono(String.class);
  }
}
