package gateway;

import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Spring WebFlux: event loops of Netty serve and call. */
@RestController
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
public class ReactiveGateway {
  private final Calls calls;

  ReactiveGateway(Calls calls) {
    this.calls = calls;
  }

  @GetMapping("/one")
  Mono<String> one(@RequestHeader("x-truth") String truth) {
    return calls.reactive(truth, Calls.PATHS.get(0)).thenReturn("gateway\n");
  }

  @GetMapping("/sequence")
  Mono<String> sequence(@RequestHeader("x-truth") String truth) {
    return Flux.fromIterable(Calls.PATHS).concatMap(path -> calls.reactive(truth, path)).then(Mono.just("gateway\n"));
  }

  @GetMapping("/parallel")
  Mono<String> parallel(@RequestHeader("x-truth") String truth) {
    return Flux.fromIterable(Calls.PATHS).flatMap(path -> calls.reactive(truth, path)).then(Mono.just("gateway\n"));
  }
}
