extension MutatedFile {
    static let samples = [
        """
        plugin = "http.so"
        listen = ["[::]:8080", 'unix:@x']
        [socket]
        backlog = 1
        [limits]
        idle_timeout = "75s"
        [options]
        root = "public"
        [[options.routes]]
        path = '/é'
        x = { a = [1, 2.5, 1979-05-27], b.c = "\\u00e9" }
        """,
        "plugin = 'x'\n[[listen]]\nname = \"public\"\naddress = '*:80'\n[[listen]]\naddress = \"unix:@x\"\n[limits]\nconnections = 1",
        "plugin = 'x'\nlisten = ['*:0', { address = \"[::1]:0\", name = 'b' }, {\"address\"='127.0.0.1:1'}]",
        "loops = 2\r\ncpu_affinity = [0, 1]\r\nlog_format = \"json\"\r\n[defaults.socket]\r\nunix_mode = \"0600\"\r\n",
        "\u{FEFF}workers = 9\n[defaults.limits]\nmax_input = '2MiB'\n",
        #"""
        # comment = 1
        title = "a # [b] = c" # trailing
        "quoted.key" = 1
        'lite"ral' = 2
        site."dot.ted".x = 3
        "\u00e9\tt" = -4_000
        many = [ # open
            "one", 'two]', # three
            [ 1, 2, ],
            { a = 1, "b" = [ { c = 2 } ] },
        ]
        long = """
        [fake]
        fake = "x\"""
        """""
        raw = '''
        it's = [fake]'''
          [ options . "in ner" ] # spaced
        	root = "é"
        wide = "日本" # é
        [[options.routes]]
        path = "/"
        [[ options . routes ]]
        inline = { x = { y = 1 }, z.w = 2 }
        [options.routes.limits]
        rate = 1979-05-27 07:32:00
        [[options.routes.hosts]]
        name = "h"
        [last]
        n = [0xff, 0o17, 0b11, 1e3, -inf, nan, true, false, 07:32:00.999999, 1979-05-27T00:32:00-07:00]
        """#,
    ].map { Array($0.utf8) }

    package static let pieces = [
        "\"", "'", "\"\"\"", "'''", "[", "]", "[[", "]]", "{", "}", "=", ".", ",", "#", "\n", "\r\n", "\\", "\\u0000",
        "\\U0001F600", "a", "1", "-", "_", "é", "\u{301}", "\t", " ", "0x", "1e999", "9223372036854775808", "inf",
        "nan",
        "1979-05-27T07:32:00Z", "\0", "\u{FEFF}", "options", "\r", "\u{A0}", "\u{85}", "\u{2028}", "\u{B}", "\u{C}",
        "\u{1}", "(",
        "true", "+", ":", "/", "0b", "e", "T", "Z", "O", "listen", "routes", "x = 1\n", "[x]\n", "[[x]]\n", "\u{3000}",
        "日",
    ].map { Array($0.utf8) }

    static let dates = [
        "2024-01-01", "2024-01-01T09:09:09", "2024-01-01 09:09:09.5", "09:09:09", "2024-01-01TO9:09:09",
        "2024-01-01 1 :",
        "2024-01-01 09:09:09+01:00", "1979-05-27T07:32:00Z", "2024-02-30", "0000-00-00",
        "9999-12-31T23:59:60.999999999-23:59",
    ].map { Array($0.utf8) }
}
