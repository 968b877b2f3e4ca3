import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * A gateway of the JDK's own server and clients. usage: Gateway platform|virtual url|http|async (ports come from the environment)
 * Threads: a pool of platform threads, or a virtual thread per request. Clients: HttpURLConnection, HttpClient.send, HttpClient.sendAsync.
 */
public class Gateway {
  static final List<String> PATHS = List.of("/b1", "/b2", "/b3");
  static final String BACKEND = "http://127.0.0.1:" + System.getenv("BACKEND_PORT");

  final String how;
  final ExecutorService requests;
  final ExecutorService calls;
  final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  Gateway(String threads, String how) throws ReflectiveOperationException {
    this.how = how;
    if (threads.equals("virtual")) {
      // By its name: the class is compiled by a JDK that may not have it yet.
      requests = (ExecutorService) Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
      calls = requests;
    } else {
      requests = Executors.newFixedThreadPool(64);
      calls = Executors.newFixedThreadPool(64);
    }
  }

  HttpRequest request(String truth, String path) {
    return HttpRequest.newBuilder(URI.create(BACKEND + path)).header("x-truth", truth).build();
  }

  CompletableFuture<?> callAsync(String truth, String path) {
    return client.sendAsync(request(truth, path), HttpResponse.BodyHandlers.ofByteArray());
  }

  Void call(String truth, String path) throws Exception {
    if (how.equals("url")) {
      HttpURLConnection connection = (HttpURLConnection) URI.create(BACKEND + path).toURL().openConnection();
      connection.setRequestProperty("x-truth", truth);
      try (var body = connection.getInputStream()) {
        body.readAllBytes();
      }
    } else if (how.equals("http")) {
      client.send(request(truth, path), HttpResponse.BodyHandlers.ofByteArray());
    } else {
      callAsync(truth, path).get();
    }
    return null;
  }

  void parallel(String truth) throws Exception {
    if (how.equals("async")) {
      CompletableFuture.allOf(PATHS.stream().map(path -> callAsync(truth, path)).toArray(CompletableFuture[]::new)).get();
      return;
    }
    List<Future<Void>> running = new ArrayList<>();
    for (String path : PATHS) running.add(calls.submit(() -> call(truth, path)));
    for (Future<Void> each : running) each.get();
  }

  void work(String truth, String path) throws Exception {
    switch (path) {
      case "/one" -> call(truth, PATHS.get(0));
      case "/sequence" -> {
        for (String each : PATHS) call(truth, each);
      }
      case "/parallel" -> parallel(truth);
      default -> { }
    }
  }

  void handle(HttpExchange exchange) throws IOException {
    String truth = exchange.getRequestHeaders().getFirst("x-truth");
    int status = 200;
    byte[] body = "gateway\n".getBytes();
    try {
      work(truth == null ? "none" : truth, exchange.getRequestURI().getPath());
    } catch (Exception error) {
      status = 502;
      body = (error + "\n").getBytes();
    }
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  public static void main(String[] arguments) throws Exception {
    System.setProperty("http.maxConnections", "256");
    System.setProperty("sun.net.httpserver.nodelay", "true");
    Gateway gateway = new Gateway(arguments[0], arguments[1]);
    InetSocketAddress address = new InetSocketAddress("127.0.0.1", Integer.parseInt(System.getenv("PORT")));
    HttpServer server = HttpServer.create(address, 256);
    server.setExecutor(gateway.requests);
    server.createContext("/", gateway::handle);
    server.start();
  }
}
