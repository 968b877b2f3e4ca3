package gateway;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/**
 * A gateway of Spring, usage: --spring.main.web-application-type=servlet|reactive --client=rest|web (ports come from the environment).
 * Servlet: Tomcat's threads and RestTemplate or WebClient; reactive: Netty's event loops and WebClient.
 */
@SpringBootApplication
public class Gateway {
  public static void main(String[] arguments) {
    SpringApplication.run(Gateway.class, arguments);
  }
}
