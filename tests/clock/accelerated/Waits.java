// Every way in which the JVM waits, each for some twenty seconds by its own clock; a line of JSON for each.
// `java Waits.java PORT`, of a server that never answers.

import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

class Waits {
    static final long SECONDS = 20;

    interface Wait {
        void run() throws Exception;
    }

    static void measure(String name, Wait wait) {
        long nano = System.nanoTime();
        long milli = System.currentTimeMillis();
        try {
            wait.run();
        } catch (Exception failure) {
            System.out.println("{\"name\": \"" + name + "\", \"failure\": \"" + failure + "\"}");
            return;
        }
        double took = (System.nanoTime() - nano) / 1e9;
        double dated = (System.currentTimeMillis() - milli + 2) / 1e3;
        String line = "{\"name\": \"%s\", \"asked\": %d, \"took\": %f, \"dated\": %f}%n";
        System.out.print(String.format(Locale.ROOT, line, name, SECONDS, took, dated));
    }

    static void parked() {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        for (long left; (left = end - System.nanoTime()) > 0; ) LockSupport.parkNanos(left);
    }

    static void waited() throws Exception {
        Object monitor = new Object();
        synchronized (monitor) {
            monitor.wait(SECONDS * 1000);
        }
    }

    static void conditioned() throws Exception {
        ReentrantLock lock = new ReentrantLock();
        lock.lock();
        lock.newCondition().await(SECONDS, TimeUnit.SECONDS);
    }

    static void scheduled() throws Exception {
        var executor = Executors.newScheduledThreadPool(1);
        executor.schedule(() -> {}, SECONDS, TimeUnit.SECONDS).get();
        executor.shutdown();
    }

    static void orTimeout() {
        new CompletableFuture<Void>().orTimeout(SECONDS, TimeUnit.SECONDS).exceptionally(late -> null).join();
    }

    static void requested(int port) throws Exception {
        var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/"));
        request.timeout(Duration.ofSeconds(SECONDS));
        try {
            HttpClient.newHttpClient().send(request.build(), BodyHandlers.ofString());
        } catch (HttpTimeoutException late) {
            return;
        }
    }

    static void read(int port) throws Exception {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout((int) SECONDS * 1000);
            socket.getInputStream().read();
        } catch (SocketTimeoutException late) {
            return;
        }
    }

    static void ended() throws Exception {
        Process process = new ProcessBuilder("sleep", "1000").start();
        process.waitFor(SECONDS, TimeUnit.SECONDS);
        process.destroy();
    }

    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[0]);
        var waits = new LinkedHashMap<String, Wait>();
        waits.put("Thread.sleep", () -> Thread.sleep(SECONDS * 1000));
        waits.put("Object.wait", Waits::waited);
        waits.put("LockSupport.parkNanos", Waits::parked);
        waits.put("Condition.await", Waits::conditioned);
        waits.put("CountDownLatch.await", () -> new CountDownLatch(1).await(SECONDS, TimeUnit.SECONDS));
        waits.put("BlockingQueue.poll", () -> new LinkedBlockingQueue<>().poll(SECONDS, TimeUnit.SECONDS));
        waits.put("ScheduledExecutor", Waits::scheduled);
        waits.put("CompletableFuture.orTimeout", Waits::orTimeout);
        waits.put("HttpClient request time-out", () -> requested(port));
        waits.put("Socket.setSoTimeout", () -> read(port));
        waits.put("Process.waitFor", Waits::ended);
        System.out.println("{\"began\": true}");
        var threads = new ArrayList<Thread>();
        waits.forEach((name, wait) -> threads.add(new Thread(() -> measure(name, wait))));
        threads.forEach(Thread::start);
        for (Thread thread : threads) thread.join();
        System.exit(0);
    }
}
