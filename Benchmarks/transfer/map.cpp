// Rebuilds an unordered_map of KEYS keys with values of 100 bytes in another one, as a program in C++ would move its state.
// Prints the CPU time in milliseconds.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <unordered_map>

static double milliseconds() {
    timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

int main(int count, char **arguments) {
    const int keys = count > 1 ? atoi(arguments[1]) : 1000000;
    std::unordered_map<std::string, std::string> old;
    for (int key = 0; key < keys; key++) old["key:" + std::to_string(1000000000 + key * 7919LL)] = std::string(100, 'v');
    const double start = milliseconds();
    std::unordered_map<std::string, std::string> rebuilt;
    rebuilt.reserve(old.size());
    for (const auto &entry : old) rebuilt.emplace(entry.first, entry.second);
    const double end = milliseconds();
    if (rebuilt.size() != old.size()) return 1;
    printf("%.1f\n", end - start);
    fflush(stdout);
    _Exit(0);
}
