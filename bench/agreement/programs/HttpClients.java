// java.net.http.HttpClient (1.1, many at a time) and HttpURLConnection.
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;

public class HttpClients {
  public static void main(String[] args) throws Exception {
    String origin = "http://127.0.0.1:" + args[0];
    String[] paths = {"/", "/items/42", "/chunked", "/large", "/empty", "/cached", "/moved", "/private", "/failing", "/nosuch", "/binary"};
    HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    for (String path : paths) client.send(HttpRequest.newBuilder(URI.create(origin + path)).build(), BodyHandlers.ofString());
    var futures = new ArrayList<CompletableFuture<?>>();
    for (int n = 0; n < 30; n++) futures.add(client.sendAsync(HttpRequest.newBuilder(URI.create(origin + paths[n % paths.length])).build(), BodyHandlers.ofByteArray()));
    for (var future : futures) future.join();
    client.send(HttpRequest.newBuilder(URI.create(origin + "/upload")).POST(BodyPublishers.ofString("x".repeat(3000))).build(), BodyHandlers.ofString());
    client.send(HttpRequest.newBuilder(URI.create(origin + "/upload")).PUT(BodyPublishers.ofInputStream(() -> new java.io.ByteArrayInputStream(new byte[2000]))).build(), BodyHandlers.ofString());
    client.send(HttpRequest.newBuilder(URI.create(origin + "/large")).method("HEAD", BodyPublishers.noBody()).build(), BodyHandlers.discarding());
    for (String path : paths) {
      var connection = (HttpURLConnection) URI.create(origin + path).toURL().openConnection();
      connection.setInstanceFollowRedirects(false);
      connection.getResponseCode();
      try (var stream = connection.getInputStream()) { stream.readAllBytes(); } catch (java.io.IOException expected) { }
    }
  }
}
