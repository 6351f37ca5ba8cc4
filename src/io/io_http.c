/* HTTP through libcurl: the only file that knows it. One kind of request: a JSON document out, a text back. */
#include "io/io_internal.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* What arrives, until it is more than `most`. */
typedef struct {
    char *bytes;
    size_t size, room, most;
    bool too_long, no_memory;
} answer_t;

static size_t take(char *data, size_t one, size_t count, void *user)
{
    answer_t *answer = user;
    size_t size = one * count;
    if (size > answer->most - answer->size) {
        answer->too_long = true;
        return 0;
    }
    if (answer->size + size + 1 > answer->room) {
        size_t room = 2 * (answer->size + size + 1);
        char *grown = realloc(answer->bytes, room);
        if (grown == NULL) {
            answer->no_memory = true;
            return 0;
        }
        answer->bytes = grown;
        answer->room = room;
    }
    memcpy(answer->bytes + answer->size, data, size);
    answer->size += size;
    answer->bytes[answer->size] = '\0';
    return size;
}

static int hex_value(const char *text, const char *end, int digits)
{
    int value = 0;
    for (int i = 0; i < digits; i++, text++) {
        if (text >= end || memchr("0123456789abcdefABCDEF", *text, 22) == NULL) return -1;
        value = 16 * value + (*text <= '9' ? *text - '0' : (*text | 32) - 'a' + 10);
    }
    return value;
}

/* Bytes at `text` that spell c as it is, or as JSON, a URL or HTML write it: \u0073 and \/ (after any number of escaped
 * backslashes), %73, &#115;. 0: they do not. */
static size_t spelled(const char *text, const char *end, char c)
{
    const char *at = text;
    if (at >= end) return 0;
    if (*at == c) return 1;
    if (*at == '%') return hex_value(at + 1, end, 2) == c ? 3 : 0;
    if (*at == '&' && end - at > 3 && at[1] == '#') {
        char *after;
        const bool hex = (at[2] | 32) == 'x';
        return strtol(at + (hex ? 3 : 2), &after, hex ? 16 : 10) == c && *after == ';' ? (size_t)(after + 1 - at) : 0;
    }
    /* A backslash may itself be spelled \u005c; the limit keeps long answers of backslashes quick. */
    while (at < end && at - text < 64) {
        if (*at == '\\')
            at++;
        else if (at > text && *at == 'u' && hex_value(at + 1, end, 4) == '\\')
            at += 5;
        else
            break;
    }
    if (at == text || at >= end) return 0;
    if (*at == 'u' && hex_value(at + 1, end, 4) == c) return (size_t)(at + 5 - text);
    return *at == c ? (size_t)(at + 1 - text) : 0;
}

void io_http_hide(char *text, size_t size, const char *key)
{
    const size_t length = key != NULL ? strlen(key) : 0;
    if (length < 8) return; /* no key, and stars in its place would show where it is */
    const char *end = text + size;
    for (char *start = text; start < end; start++) {
        const char *at = start;
        size_t found = 0, step;
        while (found < length && (step = spelled(at, end, key[found])) > 0) at += step, found++;
        if (found == length) memset(start, '*', (size_t)(at - start));
    }
}

static bool is_local(const char *url)
{
    static const char *const hosts[] = {"localhost", "127.0.0.1", "[::1]"};
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        size_t length = strlen(hosts[i]);
        char end = strlen(url) >= 7 + length ? url[7 + length] : 'x';
        if (strncasecmp(url + 7, hosts[i], length) == 0 && (end == ':' || end == '/' || end == '\0')) return true;
    }
    return false;
}

static status_t check(const io_http_t *http)
{
    bool plain = strncasecmp(http->url, "http://", 7) == 0;
    if (!plain && strncasecmp(http->url, "https://", 8) != 0)
        return fail(ST_EFORMAT, "URL '%s', expected https://... or http://...", http->url);
    const char *host = strstr(http->url, "//") + 2;
    if (memchr(host, '@', strcspn(host, "/?#")) != NULL)
        return fail(ST_EFORMAT,
                    "the URL has a name or password before its host, which messages would show; leave it out");
    for (const char *at = http->key != NULL ? http->key : ""; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~') return fail(ST_EFORMAT, "the key has blanks or characters that no key has");
    if (plain && http->key != NULL && !is_local(http->url)) log_warn("the key goes to '%s' unencrypted", http->url);
    return ST_OK;
}

static void wait_seconds(double seconds)
{
    struct timespec left = {(time_t)seconds, (long)(1e9 * (seconds - (double)(time_t)seconds))};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

/* The first line of an answer, or of its error.message, cut to a readable length. */
static void reason(char out[300], const answer_t *answer, const char *key)
{
    io_json_t *json = NULL;
    const char *text = answer->bytes != NULL ? answer->bytes : "";
    if (answer->size > 0 && io_json_parse(&json, answer->bytes, answer->size, "answer") == ST_OK) {
        io_json_node_t error = io_json_get(io_json_root(json), "error");
        const char *message = io_json_string(io_json_get(error, "message"));
        if (message == NULL) message = io_json_string(error);
        if (message != NULL) text = message;
    }
    snprintf(out, 300, "%.*s", (int)strcspn(text, "\r\n"), text);
    io_http_hide(out, strlen(out), key);
    if (out[0] == '\0') snprintf(out, 300, "no reason given");
    io_json_free(json);
}

static status_t refuse_transfer(CURLcode code, const answer_t *answer, const io_http_t *http, const char *detail)
{
    if (answer->too_long || code == CURLE_FILESIZE_EXCEEDED)
        return fail(ST_EFORMAT, "'%s': the answer is longer than %zu bytes and was not read on", http->url, http->most);
    if (answer->no_memory) return fail(ST_ENOMEM, "'%s': out of memory after %zu bytes", http->url, answer->size);
    if (code == CURLE_OPERATION_TIMEDOUT)
        return fail(ST_EIO, "'%s': no whole answer within %g seconds (hint: --timeout)", http->url, http->timeout);
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CONNECT_ERROR || code == CURLE_SSL_CACERT_BADFILE)
        return fail(ST_EIO, "'%s': TLS failed, nothing was sent: %s (hint: --ca FILE trusts an own authority)",
                    http->url, detail[0] != '\0' ? detail : curl_easy_strerror(code));
    return fail(ST_EIO, "'%s': %s", http->url, detail[0] != '\0' ? detail : curl_easy_strerror(code));
}

/* Seconds that the server asks for, 0 when it does not. */
static double retry_after(CURL *curl)
{
    curl_off_t seconds = 0;
    if (curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &seconds) != CURLE_OK || seconds < 0) return 0;
    return (double)seconds;
}

static status_t prepare(CURL *curl, struct curl_slist *headers, answer_t *answer, const io_http_t *http,
                        const char *body, size_t size, char *detail)
{
    CURLcode code = CURLE_OK;
#define SET(option, value) (code = code == CURLE_OK ? curl_easy_setopt(curl, option, value) : code)
    SET(CURLOPT_URL, http->url);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L); /* a redirection could take the key elsewhere */
    SET(CURLOPT_HTTPHEADER, headers);
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDS, body);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
    SET(CURLOPT_TIMEOUT_MS, (long)(1e3 * http->timeout));
    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)http->most);
    SET(CURLOPT_WRITEFUNCTION, take);
    SET(CURLOPT_WRITEDATA, answer);
    SET(CURLOPT_ERRORBUFFER, detail);
    SET(CURLOPT_USERAGENT, "fgad");
    if (http->ca != NULL) SET(CURLOPT_CAINFO, http->ca);
    if (http->key != NULL) {
        SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
        SET(CURLOPT_XOAUTH2_BEARER, http->key);
    }
#undef SET
    return code == CURLE_OK ? ST_OK : fail(ST_EIO, "'%s': %s", http->url, curl_easy_strerror(code));
}

status_t io_http_post_json(char **bytes, size_t *size, const io_http_t *http, const char *body, size_t body_size)
{
    REQUIRE(http->url != NULL && http->timeout > 0 && http->most > 0 && http->attempts > 0);
    *bytes = NULL;
    TRY(check(http));
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return fail(ST_EIO, "libcurl does not start");
    status_t status;
    answer_t answer = {.most = http->most};
    char detail[CURL_ERROR_SIZE] = "";
    CURL *curl = curl_easy_init();
    /* Expect: a server that does not know it would cost a second of waiting with every picture. */
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    if (curl == NULL || headers == NULL || curl_slist_append(headers, "Expect:") == NULL)
        TRY_DONE(fail(ST_ENOMEM, "'%s': out of memory for a request", http->url));
    TRY_DONE(prepare(curl, headers, &answer, http, body, body_size, detail));
    for (int attempt = 1;; attempt++) {
        answer.size = 0;
        detail[0] = '\0';
        CURLcode code = curl_easy_perform(curl);
        if (answer.size > 0) io_http_hide(answer.bytes, answer.size, http->key);
        if (code != CURLE_OK) TRY_DONE(refuse_transfer(code, &answer, http, detail));
        long http_code = 0;
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &http_code);
        if (http_code >= 200 && http_code < 300) break;
        char why[300];
        reason(why, &answer, http->key);
        bool busy = http_code == 429 || http_code >= 500;
        if (!busy || attempt == http->attempts)
            TRY_DONE(fail(ST_EIO, "'%s': HTTP status %ld%s: %s", http->url, http_code,
                          busy && attempt > 1 ? " again and again" : "", why));
        double wait = retry_after(curl);
        if (!(wait > 0)) wait = (double)(1 << (attempt < 16 ? attempt - 1 : 15));
        if (wait > http->longest_wait) wait = http->longest_wait;
        log_warn("'%s': HTTP status %ld, again in %g seconds: %s", http->url, http_code, wait, why);
        wait_seconds(wait);
    }
    *bytes = answer.bytes != NULL ? answer.bytes : base_format("%s", "");
    *size = answer.size;
    answer.bytes = NULL;
    status = *bytes != NULL ? ST_OK : ST_ENOMEM;
done:
    free(answer.bytes);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    return status;
}

void io_http_version(char out[64])
{
    snprintf(out, 64, "libcurl %s", curl_version_info(CURLVERSION_NOW)->version);
}
