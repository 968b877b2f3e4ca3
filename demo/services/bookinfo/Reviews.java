import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;

/** The reviews of a book, with the stars that the ratings give. Arguments: own port on loopback, base URL of the other services. */
public final class Reviews {
  private final String services;

  private Reviews(String services) {
    this.services = services;
  }

  public static void main(String[] arguments) throws IOException {
    int port = Integer.parseInt(arguments[0]);
    InetSocketAddress address = new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port);
    HttpServer server = HttpServer.create(address, 128);
    server.setExecutor(Executors.newFixedThreadPool(32));
    server.createContext("/reviews/", new Reviews(arguments[1])::answer);
    server.start();
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    String id = path.substring(path.lastIndexOf('/') + 1);
    int status = 200;
    String text;
    try {
      String ratings = ask("/ratings/" + id, exchange.getRequestHeaders().getFirst("X-Request-ID"));
      text = "{\"id\":\"" + id + "\",\"reviews\":[{\"reviewer\":\"Reviewer1\",\"text\":\"An entertaining play.\"},"
          + "{\"reviewer\":\"Reviewer2\",\"text\":\"Could be shorter.\"}],\"ratings\":" + ratings + "}";
    } catch (IOException problem) {
      status = 502;
      text = "{\"error\":\"no ratings\"}";
    }
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private String ask(String path, String requestId) throws IOException {
    HttpURLConnection connection = (HttpURLConnection) URI.create(services + path).toURL().openConnection();
    connection.setConnectTimeout(10_000);
    connection.setReadTimeout(30_000);
    if (requestId != null) connection.setRequestProperty("X-Request-ID", requestId);
    try (InputStream answer = connection.getInputStream()) {
      return new String(answer.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
