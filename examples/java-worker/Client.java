// Places gift card orders, several at a time, so that none is ever bought twice. Copy it, and make it yours.
//
// Reads a line {"id", "reference", "order"} for each order and answers it with a line that repeats the id.
// Needs JDK 17 or newer and nothing else: java Client.java

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class Client {
    static final int ATTEMPTS = 8;
    static final Duration TIMEOUT = Duration.ofSeconds(20);
    static final Duration LONGEST_PAUSE = Duration.ofSeconds(60);
    static final Duration KEY_LIFETIME = Duration.ofDays(29); // the API forgets a key after 30, and would buy again
    static final String API_VERSION = "2024-02-05";
    static final Path STATE = Path.of(System.getenv().getOrDefault("GOLIVE_STATE_DIR", "."));

    static final HttpClient HTTP = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1) // else each request over plain http asks for HTTP/2 first
            .connectTimeout(Duration.ofSeconds(10))
            .build();

    /** What an attempt came to, and how long to wait after it: longer each time that it comes again. */
    enum Kind {
        CREATED(0), FINAL(0), LOST(1), IN_PROGRESS(3), LIMITED(5);

        final Duration firstPause;

        Kind(int seconds) {
            firstPause = Duration.ofSeconds(seconds);
        }

        /** The jitter only ever adds. */
        Duration pause(int times) {
            Duration pause = firstPause.multipliedBy(1L << (times - 1));
            long millis = (pause.compareTo(LONGEST_PAUSE) < 0 ? pause : LONGEST_PAUSE).toMillis();
            return Duration.ofMillis(millis + ThreadLocalRandom.current().nextLong(millis / 5 + 1));
        }
    }

    /** `says`: the order's id or the error's type, `status` the order's; both as JSON. `asked`: to be waited for. */
    record Answer(Kind kind, String says, String status, Duration asked) {
        Answer(Kind kind, String says, String status) {
            this(kind, says, status, Duration.ZERO);
        }
    }

    record Stored(String key, Instant since, String body, boolean wasThere) {}

    /** A reference is one order for ever: over retries, restarts, and however often this is called with it. */
    static String placeOrder(String reference, String order) throws IOException, InterruptedException {
        Stored stored = remember(reference, order);
        if (stored.since.plus(KEY_LIFETIME).isBefore(Instant.now())) return unknown("\"too old to be sent again\"");
        boolean inDoubt = stored.wasThere;
        Map<Kind, Integer> met = new EnumMap<>(Kind.class);
        for (int attempt = 1; ; attempt++) {
            Answer answer = send(stored.key, stored.body);
            if (answer.kind == Kind.CREATED) {
                return "\"outcome\":\"created\",\"order_id\":" + answer.says + ",\"status\":" + answer.status;
            }
            if (answer.kind == Kind.FINAL) {
                // This attempt was refused, but an earlier one may have gone through.
                if (inDoubt) return unknown(answer.says);
                Files.delete(record(reference)); // a corrected order has to go out under a new key
                return "\"outcome\":\"rejected\",\"type\":" + answer.says;
            }
            if (attempt == ATTEMPTS) return unknown(answer.says);
            inDoubt |= answer.kind != Kind.LIMITED;
            Duration pause = answer.kind.pause(met.merge(answer.kind, 1, Integer::sum));
            Thread.sleep(Math.max(pause.toMillis(), answer.asked.toMillis()));
        }
    }

    static String unknown(String type) {
        return "\"outcome\":\"unknown\",\"type\":" + type;
    }

    /** One attempt: what kind of answer came, and what it says. */
    static Answer send(String key, String body) throws InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(System.getenv("RUNA_BASE_URL") + "/order"))
                .header("X-Api-Key", System.getenv("RUNA_API_KEY"))
                .header("X-Api-Version", API_VERSION)
                .header("X-Idempotency-Key", key)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        // The time-out of a request ends with the head of its answer; this one is for all of it.
        var coming = HTTP.sendAsync(request, HttpResponse.BodyHandlers.ofString());
        HttpResponse<String> response;
        try {
            response = coming.get(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            coming.cancel(true);
            return new Answer(Kind.LOST, "\"no answer\"", "null");
        }
        int status = response.statusCode();
        String version = response.headers().firstValue("X-Api-Version").orElse(API_VERSION);
        if (!version.equals(API_VERSION)) System.err.println("another API version answered: " + version);
        if (status == 429) {
            String asked = response.headers().firstValue("Retry-After").orElse("");
            return new Answer(Kind.LIMITED, "\"rate limited\"", "null", askedWait(asked));
        }
        Map<String, String> answer = members(response.body());
        String type = answer.getOrDefault("type", "\"http_" + status + "\"");
        if (type.equals("\"idempotency_in_progress\"") || status < 200) return new Answer(Kind.IN_PROGRESS, type, "null");
        String id = answer.getOrDefault("id", "");
        if (status < 300 && id.startsWith("\"")) {
            return new Answer(Kind.CREATED, id, answer.getOrDefault("status", "null"));
        }
        return new Answer(status >= 400 && status < 500 ? Kind.FINAL : Kind.LOST, type, "null");
    }

    /** What a Retry-After header asks for, in seconds or as a date; nothing if nobody can read it. */
    static Duration askedWait(String header) {
        if (header.matches("[0-9]{1,9}")) return Duration.ofSeconds(Long.parseLong(header));
        try {
            var until = ZonedDateTime.parse(header, DateTimeFormatter.RFC_1123_DATE_TIME);
            return Duration.between(Instant.now(), until.toInstant());
        } catch (DateTimeParseException e) {
            return Duration.ZERO;
        }
    }

    /** Key and body for this reference, on disk before the first attempt, and whether they were there already. */
    static Stored remember(String reference, String order) throws IOException {
        String key = UUID.randomUUID().toString();
        Path temporary = STATE.resolve(key + ".tmp");
        String text = key + "\n" + Instant.now() + "\n" + order;
        try (FileChannel file = FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
            file.force(true);
        }
        boolean wasThere = false;
        try {
            Files.createLink(record(reference), temporary); // whole or not at all, and only if it is the first
        } catch (FileAlreadyExistsException e) {
            wasThere = true;
        } finally {
            Files.delete(temporary);
        }
        List<String> lines = Files.readAllLines(record(reference));
        return new Stored(lines.get(0), Instant.parse(lines.get(1)), lines.get(2), wasThere);
    }

    static Path record(String reference) {
        return STATE.resolve(HexFormat.of().formatHex(reference.getBytes(StandardCharsets.UTF_8)));
    }

    static final Pattern TOKEN = Pattern.compile("\"(?:[^\"\\\\]|\\\\.)*+\"|[\\[\\]{},:]|[^\\[\\]{},:\"\\s]+");

    /** The members of a JSON object, by name, each value as it was written. Empty for what is no JSON object. */
    static Map<String, String> members(String json) {
        Map<String, String> members = new HashMap<>();
        int depth = 0;
        int start = 0; // of the value that is being read
        String name = null;
        String last = "";
        Matcher token = TOKEN.matcher(json);
        while (token.find()) {
            String word = token.group();
            boolean closes = word.equals("}") || word.equals("]");
            if (depth == 1 && name != null && (closes || word.equals(","))) {
                members.put(name, json.substring(start, token.start()).strip());
                name = null;
            } else if (depth == 1 && name == null && word.equals(":") && last.startsWith("\"")) {
                name = last.substring(1, last.length() - 1);
                start = token.end();
            }
            if (word.equals("{") || word.equals("[")) depth++;
            if (closes) depth--;
            last = word;
        }
        return depth == 0 && last.equals("}") ? members : Map.of();
    }

    public static void main(String[] args) throws IOException {
        var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        var orders = Executors.newCachedThreadPool(); // nothing waits for the order before it
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            Map<String, String> asked = members(line);
            orders.execute(() -> {
                String outcome;
                try {
                    outcome = placeOrder(asked.get("reference"), asked.get("order"));
                } catch (Exception e) { // its message may quote a header, and so the key
                    outcome = unknown("\"" + e.getClass().getSimpleName() + "\"");
                }
                out.println("{\"id\":" + asked.get("id") + "," + outcome + "}");
            });
        }
        orders.shutdown();
    }
}
