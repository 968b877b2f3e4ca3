import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A thread reads "request", waits for a thread of a pool that writes "call" and reads "answer", and writes "reply". The answer comes
 * when the first one is asleep. With `handed` an event loop reads it, and hands it to the pool; twenty times.
 * usage: Waiting get|join|all|monitor|handed
 */
public class Waiting {
  static Socket[] pair() throws IOException {
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Socket client = new Socket(listener.getInetAddress(), listener.getLocalPort());
      return new Socket[] {client, listener.accept()};
    }
  }

  static void write(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
  }

  static void read(Socket socket) throws IOException {
    socket.getInputStream().read(new byte[100]);
  }

  static Void call(Socket socket) {
    try {
      write(socket, "call");
      read(socket);
      return null;
    } catch (IOException error) {
      throw new IllegalStateException(error);
    }
  }

  /** Whether the thread of this name waits for a condition, for as long as it takes. */
  static boolean isAsleep(String name) throws IOException {
    try (var threads = Files.list(Path.of("/proc/self/task"))) {
      for (Path thread : (Iterable<Path>) threads::iterator) {
        if (!Files.readString(thread.resolve("comm")).strip().equals(name)) continue;
        String[] call = Files.readString(thread.resolve("syscall")).strip().split(" ");
        if (call.length < 5) return false;
        boolean isFutex = call[0].equals("202") || call[0].equals("98");
        return isFutex && (Long.decode(call[2]) & 127) == 9 && call[4].equals("0x0");
      }
    }
    return false;
  }

  static void selectAndHandOn(SocketChannel channel, ExecutorService pool, CompletableFuture<?>[] waiting) {
    try (Selector selector = Selector.open()) {
      channel.configureBlocking(false);
      channel.register(selector, SelectionKey.OP_READ);
      while (true) {
        selector.select();
        selector.selectedKeys().clear();
        channel.read(ByteBuffer.allocate(100));
        CompletableFuture<?> answered = waiting[0];
        pool.execute(() -> answered.complete(null));
      }
    } catch (IOException error) {
      throw new IllegalStateException(error);
    }
  }

  static void handed() throws Exception {
    Socket[] request = pair();
    SocketChannel channel;
    Socket backend;
    try (ServerSocketChannel listener = ServerSocketChannel.open()) {
      listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      channel = SocketChannel.open(listener.getLocalAddress());
      backend = listener.accept().socket();
    }
    ExecutorService pool = Executors.newFixedThreadPool(1, task -> new Thread(task, "passing"));
    CompletableFuture<?>[] waiting = new CompletableFuture<?>[1];
    Thread loop = new Thread(() -> selectAndHandOn(channel, pool, waiting));
    loop.setDaemon(true);
    loop.start();
    Thread serving = new Thread(() -> {
      try {
        for (int turn = 0; turn < 20; turn++) {
          read(request[1]);
          CompletableFuture<?> answered = waiting[0] = new CompletableFuture<>();
          pool.submit(() -> channel.write(ByteBuffer.wrap("call".getBytes(StandardCharsets.US_ASCII))));
          answered.join();
          write(request[1], "reply");
        }
      } catch (Exception error) {
        error.printStackTrace();
        System.exit(1);
      }
    }, "serving");
    serving.start();
    for (int turn = 0; turn < 20; turn++) {
      write(request[0], "request");
      read(backend);
      while (!isAsleep("serving") || !isAsleep("passing")) Thread.onSpinWait();
      write(backend, "answer");
      read(request[0]);
    }
    System.exit(0);
  }

  public static void main(String[] arguments) throws Exception {
    if (arguments[0].equals("handed")) handed();
    Socket[] request = pair();
    Socket[] call = pair();
    ExecutorService pool = Executors.newFixedThreadPool(1);
    Object monitor = new Object();
    Thread serving = new Thread(() -> {
      try {
        read(request[1]);
        switch (arguments[0]) {
          case "get" -> pool.submit(() -> call(call[0])).get();
          case "join" -> CompletableFuture.runAsync(() -> call(call[0]), pool).join();
          case "all" -> CompletableFuture.allOf(CompletableFuture.runAsync(() -> call(call[0]), pool)).get();
          case "monitor" -> {
            synchronized (monitor) {
              pool.submit(() -> {
                call(call[0]);
                synchronized (monitor) {
                  monitor.notifyAll();
                }
              });
              monitor.wait();
            }
          }
          default -> throw new IllegalArgumentException(arguments[0]);
        }
        write(request[1], "reply");
      } catch (Exception error) {
        error.printStackTrace();
        System.exit(1);
      }
    }, "serving");
    serving.start();
    write(request[0], "request");
    read(call[1]);
    while (!isAsleep("serving")) Thread.onSpinWait();
    write(call[1], "answer");
    serving.join();
    System.exit(0);
  }
}
