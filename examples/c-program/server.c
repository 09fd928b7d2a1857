/* An HTTP service in plain C: GET /health, GET /roman/1994, GET /roman/MCMXCIV. */
#include "roman.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#ifndef VERSION
#define VERSION "dev"
#endif

static volatile sig_atomic_t stopping;

static void stop(int signal) {
    (void)signal;
    stopping = 1;
}

static void answer(int client, const char *status, const char *type, const char *body) {
    char text[512];
    int length = snprintf(text, sizeof text,
                          "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                          status, type, strlen(body), body);
    if (length > 0 && (size_t)length < sizeof text) (void)!write(client, text, (size_t)length);
}

static void roman(int client, const char *what) {
    char body[64], numeral[ROMAN_SIZE];
    int number = roman_read(what);
    if (number > 0) {
        snprintf(body, sizeof body, "%d\n", number);
    } else if (roman_write(atoi(what), numeral) == 0) {
        snprintf(body, sizeof body, "%s\n", numeral);
    } else {
        answer(client, "400 Bad Request", "text/plain", "neither a Roman numeral nor a number from 1 to 3999\n");
        return;
    }
    answer(client, "200 OK", "text/plain", body);
}

static void serve(int client) {
    char request[2048], path[256];
    size_t filled = 0;
    while (filled < sizeof request - 1) { /* until the end of the headers */
        ssize_t got = read(client, request + filled, sizeof request - 1 - filled);
        if (got <= 0) return;
        filled += (size_t)got;
        request[filled] = '\0';
        if (strstr(request, "\r\n\r\n")) break;
    }
    if (sscanf(request, "GET %255s HTTP/", path) != 1) {
        answer(client, "405 Method Not Allowed", "text/plain", "only GET is served\n");
    } else if (strcmp(path, "/health") == 0) {
        answer(client, "200 OK", "application/json", "{\"status\":\"ok\",\"service\":\"c-program\",\"version\":\"" VERSION "\"}\n");
    } else if (strcmp(path, "/about") == 0) {
        char body[64];
        snprintf(body, sizeof body, "{\"uid\":%d}\n", (int)getuid());
        answer(client, "200 OK", "application/json", body);
    } else if (strncmp(path, "/roman/", 7) == 0) {
        roman(client, path + 7);
    } else {
        answer(client, "404 Not Found", "text/plain", "no such page\n");
    }
}

int main(void) {
    struct sigaction action = {.sa_handler = stop}; /* no SA_RESTART: accept() is to be interrupted */
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);

    const char *port = getenv("PORT");
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port ? port : "8090"))};
    int yes = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(listener, (struct sockaddr *)&here, sizeof here) != 0 || listen(listener, 16) != 0) {
        perror("cannot listen");
        return 1;
    }
    printf("c-program " VERSION " listens on :%d\n", ntohs(here.sin_port));
    fflush(stdout);
    while (!stopping) {
        int client = accept(listener, NULL, NULL);
        if (client < 0) {
            if (errno == EINTR || errno == ECONNABORTED) continue;
            perror("accept");
            return 1;
        }
        struct timeval limit = {.tv_sec = 5}; /* one at a time: nobody may hold the line */
        setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        serve(client);
        close(client);
    }
    return 0;
}
