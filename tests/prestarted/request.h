/* What client.c asks of server.c, in one message: the number of arguments, the arguments, the
 * environment and an empty string, each ended by a zero byte; with it the standard descriptors and
 * the working folder. The answer is the status that waitpid gives. */
enum { MOST_BYTES = 160 * 1024, MOST_WORDS = 4096, DESCRIPTORS = 4 };

#define SCRIPT "lua_script:"

/* Whether a capture's name follows this argument. */
static inline int reads(const char *word)
{
    return !strcmp(word, "-r") || !strcmp(word, "-nr");
}
