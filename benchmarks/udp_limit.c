/* The limit of the UDP benchmarks: nothing but system calls.

   udp_limit send PORT COUNT   sendmmsg, 30 bytes each, as fast as the kernel takes them
   udp_limit drain FD          recvmmsg until the socket is empty

   Both print how many and the seconds it took. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { AT_ONCE = 500, KEPT = 2048, SENT_AT_ONCE = 64 };

static char sample[30] = "\x01\x13\0\x18\x4e\x6b\0\x12\x14\x03\x09\x02\x07\x15"
                         "21LVM50AE000816\x02";

static double now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec + at.tv_nsec / 1e9;
}

static long send_all(int port, long count) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct iovec piece = {sample, sizeof sample};
    struct mmsghdr messages[SENT_AT_ONCE];
    int out = socket(AF_INET, SOCK_DGRAM, 0);
    long sent = 0;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (out < 0 || connect(out, (struct sockaddr *)&to, sizeof to)) return -1;
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < SENT_AT_ONCE; i++) {
        messages[i].msg_hdr.msg_iov = &piece;
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    while (sent < count) {
        long left = count - sent;
        int done = sendmmsg(out, messages, left < SENT_AT_ONCE ? left : SENT_AT_ONCE, 0);
        if (done < 0) return -1;
        sent += done;
    }
    return sent;
}

static long drain(int in) {
    static char buffers[AT_ONCE][KEPT];
    static struct sockaddr_in names[AT_ONCE];
    static struct iovec pieces[AT_ONCE];
    static struct mmsghdr messages[AT_ONCE];
    long received = 0;
    int done;
    for (int i = 0; i < AT_ONCE; i++) {
        pieces[i].iov_base = buffers[i];
        pieces[i].iov_len = KEPT;
        messages[i].msg_hdr.msg_iov = &pieces[i];
        messages[i].msg_hdr.msg_iovlen = 1;
        messages[i].msg_hdr.msg_name = &names[i];
        messages[i].msg_hdr.msg_namelen = sizeof names[i];
    }
    while ((done = recvmmsg(in, messages, AT_ONCE, MSG_DONTWAIT, NULL)) > 0) received += done;
    return received;
}

int main(int argc, char **argv) {
    double begin = now();
    long count = -1;
    if (argc == 4 && !strcmp(argv[1], "send")) count = send_all(atoi(argv[2]), atol(argv[3]));
    if (argc == 3 && !strcmp(argv[1], "drain")) count = drain(atoi(argv[2]));
    printf("%ld %.9f\n", count, now() - begin);
    return count < 0;
}
