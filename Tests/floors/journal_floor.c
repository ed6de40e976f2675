// What a publish may cost here: the journal's layout in C, and everything in SQLite, in process, without HTTP or TLS.
//
//   journal_floor log    FOLDER WRITERS BYTES SECONDS    one preallocated log, one fdatasync a group; SQLite beside it, unsynced
//   journal_floor sqlite FOLDER WRITERS BYTES SECONDS    bytes and rows in SQLite, WAL, synchronous=FULL, one commit a group
//
// Writers are threads that wait for their group; the group is whatever waits when the one before is done. Each document is
// hashed, framed with a CRC-32C of its own loop, and gets a row of the same width; the tree's node is hashed too. Not
// sealed: that is ours to add. Prints one line: docs/s, documents a sync, p50 in ms, CPU in us a document.
// Built and run by `hie-bench journal` (cc, libsqlite3, libcrypto).
#define _GNU_SOURCE
#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { SEGMENT = 64 << 20, REFERENCE = 1400, FRAME = 9, PATIENTS = 1000 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static uint64_t seed = 0x9E3779B97F4A7C15;
static uint64_t chance(void) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    return seed ^= seed << 17;
}

static void check(int ok, const char *what) {
    if (!ok) {
        perror(what);
        exit(1);
    }
}

static void sha(const void *bytes, size_t length, unsigned char *out) {
    unsigned n;
    EVP_Digest(bytes, length, out, &n, EVP_sha256(), 0);
}

static void run(sqlite3 *db, const char *sql) {
    char *error = 0;
    if (sqlite3_exec(db, sql, 0, 0, &error) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", sql, error);
        exit(1);
    }
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql) {
    sqlite3_stmt *statement = 0;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, 0) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(db));
        exit(1);
    }
    return statement;
}

static void step(sqlite3_stmt *statement) {
    int code = sqlite3_step(statement);
    check(code == SQLITE_DONE || code == SQLITE_ROW, "sqlite step");
    sqlite3_reset(statement);
}

typedef struct {
    pthread_cond_t done;
    int waits;
    double *took;
    long count;
} Writer;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work = PTHREAD_COND_INITIALIZER;
static Writer *writers;
static int number, pending, stopping;
static const long most = 2000000;

static void *write_documents(void *given) {
    Writer *writer = given;
    pthread_mutex_lock(&lock);
    while (!stopping) {
        double from = now();
        writer->waits = 1;
        pending++;
        pthread_cond_signal(&work);
        while (writer->waits && !stopping) pthread_cond_wait(&writer->done, &lock);
        if (!writer->waits && writer->count < most / number) writer->took[writer->count++] = now() - from;
    }
    pthread_mutex_unlock(&lock);
    return 0;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

typedef struct {
    sqlite3 *db;
    sqlite3_stmt *begin, *commit, *content, *document, *place, *entry;
    int log;
    const char *folder;
    unsigned char *group, root[32];
    size_t filled, offset;
    long documents, segment;
    char reference[REFERENCE];
} Store;

static void begin_segment(Store *s) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%08ld.segment", s->folder, s->segment++);
    if (s->log >= 0) close(s->log);
    s->log = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    check(s->log >= 0 && posix_fallocate(s->log, 0, SEGMENT) == 0 && fdatasync(s->log) == 0, "segment");
    s->offset = 0;
}

static void open_store(Store *s, const char *folder, int is_log, int bytes) {
    char path[4096];
    snprintf(path, sizeof path, "%s/floor.sqlite", folder);
    s->folder = folder;
    s->log = -1;
    check(sqlite3_open(path, &s->db) == SQLITE_OK, "open");
    run(s->db, "pragma page_size=4096; pragma journal_mode=wal; pragma cache_size=-16384");
    run(s->db, is_log ? "pragma synchronous=off; pragma wal_autocheckpoint=4000" : "pragma synchronous=full");
    run(s->db, "create table content(sha blob primary key, body blob) without rowid");
    run(s->db,
        "create table document(patient integer, registered integer, id blob, status integer, sha blob, reference blob, "
        "primary key(patient, registered, id)) without rowid");
    run(s->db, "create table place(id blob primary key, patient integer, registered integer) without rowid");
    run(s->db, "create table entry(position integer primary key, leaf blob, root blob)");
    s->begin = prepare(s->db, "begin immediate");
    s->commit = prepare(s->db, "commit");
    s->content = prepare(s->db, "insert or ignore into content values(?, ?)");
    s->document = prepare(s->db, "insert into document values(?, ?, ?, 1, ?, ?)");
    s->place = prepare(s->db, "insert into place values(?, ?, ?)");
    s->entry = prepare(s->db, "insert into entry values(?, ?, ?)");
    memset(s->reference, 'r', sizeof s->reference);
    if (is_log) {
        s->group = malloc((size_t)number * (bytes + REFERENCE + 256) + 256);
        begin_segment(s);
    }
}

static uint32_t table[256];
static uint32_t crc(const unsigned char *bytes, size_t length) {
    uint32_t c = ~0u;
    for (size_t i = 0; i < length; i++) c = table[(c ^ bytes[i]) & 255] ^ c >> 8;
    return ~c;
}

static void frame(Store *s, const void *bytes, size_t length) {
    uint32_t head[2] = {(uint32_t)length, crc(bytes, length)};
    memcpy(s->group + s->filled, head, 8);
    s->filled += FRAME;
    memcpy(s->group + s->filled, bytes, length);
    s->filled += length;
}

static void publish(Store *s, unsigned char *body, int bytes, int is_log) {
    unsigned char digest[32], leaf[32], node[64], id[16];
    uint64_t when = (uint64_t)s->documents, patient = chance() % PATIENTS, random = chance();
    memcpy(id, &(uint64_t){__builtin_bswap64(when)}, 8);
    memcpy(id + 8, &random, 8);
    memcpy(body, id, 16);
    sha(body, bytes, digest);
    if (is_log) {
        frame(s, body, bytes);
        frame(s, s->reference, REFERENCE);
    } else {
        sqlite3_bind_blob(s->content, 1, digest, 32, 0);
        sqlite3_bind_blob(s->content, 2, body, bytes, 0);
        step(s->content);
    }
    sha(s->reference, REFERENCE, leaf);
    memcpy(node, s->root, 32);
    memcpy(node + 32, leaf, 32);
    sha(node, 64, s->root);
    sqlite3_bind_int64(s->document, 1, (sqlite3_int64)patient);
    sqlite3_bind_int64(s->document, 2, (sqlite3_int64)when);
    sqlite3_bind_blob(s->document, 3, id, 16, 0);
    sqlite3_bind_blob(s->document, 4, digest, 32, 0);
    sqlite3_bind_blob(s->document, 5, s->reference, REFERENCE, 0);
    step(s->document);
    sqlite3_bind_blob(s->place, 1, id, 16, 0);
    sqlite3_bind_int64(s->place, 2, (sqlite3_int64)patient);
    sqlite3_bind_int64(s->place, 3, (sqlite3_int64)when);
    step(s->place);
    sqlite3_bind_int64(s->entry, 1, s->documents++);
    sqlite3_bind_blob(s->entry, 2, leaf, 32, 0);
    sqlite3_bind_blob(s->entry, 3, s->root, 32, 0);
    step(s->entry);
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: journal_floor log|sqlite FOLDER WRITERS BYTES SECONDS\n");
        return 2;
    }
    int is_log = strcmp(argv[1], "log") == 0, bytes = atoi(argv[4]);
    number = atoi(argv[3]);
    double seconds = atof(argv[5]);
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++) c = c & 1 ? 0x82F63B78u ^ c >> 1 : c >> 1;
        table[i] = c;
    }
    Store store = {0};
    open_store(&store, argv[2], is_log, bytes);
    unsigned char *body = malloc(bytes);
    for (int i = 0; i < bytes; i++) body[i] = (unsigned char)chance();
    writers = calloc(number, sizeof(Writer));
    pthread_t *threads = calloc(number, sizeof(pthread_t));
    int *group = calloc(number, sizeof(int));
    for (int i = 0; i < number; i++) {
        pthread_cond_init(&writers[i].done, 0);
        writers[i].took = malloc(sizeof(double) * (most / number));
        pthread_create(&threads[i], 0, write_documents, &writers[i]);
    }
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    double from = now();
    long syncs = 0;
    while (now() - from < seconds) {
        pthread_mutex_lock(&lock);
        while (!pending) pthread_cond_wait(&work, &lock);
        int size = 0;
        for (int i = 0; i < number; i++)
            if (writers[i].waits == 1) {
                writers[i].waits = 2;
                group[size++] = i;
            }
        pending = 0;
        pthread_mutex_unlock(&lock);
        store.filled = 0;
        step(store.begin);
        for (int i = 0; i < size; i++) publish(&store, body, bytes, is_log);
        if (is_log) {
            if (store.offset + store.filled > SEGMENT) begin_segment(&store);
            check(pwrite(store.log, store.group, store.filled, store.offset) == (ssize_t)store.filled, "write");
            check(fdatasync(store.log) == 0, "sync");
            store.offset += store.filled;
        }
        step(store.commit);
        syncs++;
        pthread_mutex_lock(&lock);
        for (int i = 0; i < size; i++) {
            writers[group[i]].waits = 0;
            pthread_cond_signal(&writers[group[i]].done);
        }
        pthread_mutex_unlock(&lock);
    }
    double took = now() - from;
    getrusage(RUSAGE_SELF, &after);
    pthread_mutex_lock(&lock);
    stopping = 1;
    for (int i = 0; i < number; i++) pthread_cond_signal(&writers[i].done);
    pthread_mutex_unlock(&lock);
    long all = 0;
    for (int i = 0; i < number; i++) {
        pthread_join(threads[i], 0);
        all += writers[i].count;
    }
    double *times = malloc(sizeof(double) * (all + 1));
    long at = 0;
    for (int i = 0; i < number; i++) {
        memcpy(times + at, writers[i].took, sizeof(double) * writers[i].count);
        at += writers[i].count;
    }
    qsort(times, all, sizeof(double), ascending);
    double cpu = after.ru_utime.tv_sec - before.ru_utime.tv_sec + after.ru_stime.tv_sec - before.ru_stime.tv_sec +
                 (after.ru_utime.tv_usec - before.ru_utime.tv_usec + after.ru_stime.tv_usec - before.ru_stime.tv_usec) / 1e6;
    printf("rate=%.1f per_sync=%.2f p50=%.4f cpu=%.2f\n", store.documents / took, (double)store.documents / syncs,
           all ? times[all / 2] * 1e3 : 0, cpu / store.documents * 1e6);
    return 0;
}
