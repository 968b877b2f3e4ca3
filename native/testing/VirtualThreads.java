import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Sends datagrams that say which java.lang.Thread sends them. usage: VirtualThreads virtual|platform TASKS [collect]
 * Each line of its input makes it run so many tasks of two datagrams; with `collect` garbage is collected all the time.
 */
public class VirtualThreads {
  static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

  static ExecutorService executor(String kind) throws ReflectiveOperationException {
    if (!kind.equals("virtual")) return Executors.newFixedThreadPool(4);
    // By its name: the class is compiled by a JDK that may not have it yet.
    return (ExecutorService) Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
  }

  static Void send(DatagramSocket sink) throws Exception {
    try (DatagramSocket socket = new DatagramSocket(0, LOOPBACK)) {
      byte[] bytes = ("id " + Thread.currentThread().getId()).getBytes();
      for (int count = 0; count < 2; count++) {
        socket.send(new DatagramPacket(bytes, bytes.length, sink.getLocalSocketAddress()));
        Thread.yield();
      }
    }
    return null;
  }

  static void collect() {
    while (true) System.gc();
  }

  public static void main(String[] arguments) throws Exception {
    DatagramSocket sink = new DatagramSocket(0, LOOPBACK);
    if (arguments.length > 2) {
      Thread collector = new Thread(VirtualThreads::collect);
      collector.setDaemon(true);
      collector.start();
    }
    System.out.println("ready");
    while (System.in.read() >= 0) {
      ExecutorService tasks = executor(arguments[0]);
      for (int count = 0; count < Integer.parseInt(arguments[1]); count++) tasks.submit(() -> send(sink));
      tasks.shutdown();
      tasks.awaitTermination(1, TimeUnit.HOURS);
      System.out.println("done");
    }
  }
}
