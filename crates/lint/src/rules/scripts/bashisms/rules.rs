//! The rules by their codes.

use dockerfile::Severity;

use crate::Rule;
use crate::file::File;
use crate::fix::Safety;
use crate::rule::{Activation, Found, Page, Set};
use crate::rules::scripts::report;

/// All of them, in the order of their names.
pub(crate) const RULES: &[Rule] = &[
    Rule {
        name: "SC3001",
        summary: "In POSIX sh, process substitution is undefined",
        page: Page {
            why: "`<(…)` and `>(…)` are bash's. dash and busybox do not even start a script with one in it.",
            bad: "FROM debian:bookworm\nRUN comm <(sort /a) <(sort /b)\n",
            good: "FROM debian:bookworm\nRUN sort /a > /a.sorted && sort /b > /b.sorted && comm /a.sorted /b.sorted\n",
            ..PAGE
        },
        find: find::<3001>,
        ..RULE
    },
    Rule {
        name: "SC3003",
        summary: "In POSIX sh, $'..' is undefined",
        page: Page {
            why: "dash takes `$'a\\tb'` as a `$` and a quoted text with a backslash in it. busybox knows it, and is let pass.",
            bad: "FROM debian:bookworm\nRUN printf '%s' $'a\\tb' > /file\n",
            good: "FROM debian:bookworm\nRUN printf 'a\\tb' > /file\n",
            ..PAGE
        },
        find: find::<3003>,
        ..RULE
    },
    Rule {
        name: "SC3005",
        summary: "In POSIX sh, arithmetic for loops are undefined",
        page: Page {
            why: "`for ((i = 0; i < 3; i = i + 1))` is bash's. dash and busybox do not start a script with one in it.",
            bad: "FROM debian:bookworm\nRUN for ((i = 0; i < 3; i = i + 1)); do touch \"/file$i\"; done\n",
            good: "FROM debian:bookworm\nRUN for i in 0 1 2; do touch \"/file$i\"; done\n",
            ..PAGE
        },
        find: find::<3005>,
        ..RULE
    },
    Rule {
        name: "SC3006",
        summary: "In POSIX sh, standalone ((..)) is undefined",
        page: Page {
            why: "For `sh`, `((x > 1))` is a subshell in a subshell that runs a program `x` and writes into a file named `1`.",
            bad: "FROM debian:bookworm\nRUN x=2; if ((x > 1)); then touch /more; fi\n",
            good: "FROM debian:bookworm\nRUN x=2; if [ \"$x\" -gt 1 ]; then touch /more; fi\n",
            ..PAGE
        },
        find: find::<3006>,
        ..RULE
    },
    Rule {
        name: "SC3007",
        summary: "In POSIX sh, $[..] in place of $((..)) is undefined",
        page: Page {
            why: "`$[1 + 1]` is a form that even bash has given up. dash takes it as text.",
            bad: "FROM debian:bookworm\nRUN echo \"$[1 + 1]\" > /file\n",
            good: "FROM debian:bookworm\nRUN echo \"$((1 + 1))\" > /file\n",
            ..PAGE
        },
        fix: Some(Safety::Safe),
        find: find::<3007>,
        ..RULE
    },
    Rule {
        name: "SC3009",
        summary: "In POSIX sh, brace expansion is undefined",
        page: Page {
            why: "dash and busybox make one directory named `{bin,lib}` of `mkdir {bin,lib}`, and say nothing.",
            bad: "FROM debian:bookworm\nRUN mkdir -p /opt/{bin,lib}\n",
            good: "FROM debian:bookworm\nRUN mkdir -p /opt/bin /opt/lib\n",
            ..PAGE
        },
        fix: Some(Safety::Unsafe),
        find: find::<3009>,
        ..RULE
    },
    Rule {
        name: "SC3010",
        summary: "In POSIX sh, [[ ]] is undefined",
        page: Page {
            why: "dash looks for a program named `[[` and does not find it: the condition is never true, and nothing says so where it is behind an `if`. busybox knows it, and is let pass.",
            bad: "FROM debian:bookworm\nRUN if [[ -f /a ]]; then rm /a; fi\n",
            good: "FROM debian:bookworm\nRUN if [ -f /a ]; then rm /a; fi\n",
            ..PAGE
        },
        find: find::<3010>,
        ..RULE
    },
    Rule {
        name: "SC3011",
        summary: "In POSIX sh, here-strings are undefined",
        page: Page {
            why: "`<<<` is bash's. dash and busybox do not start a script with one in it.",
            bad: "FROM debian:bookworm\nRUN cat <<< text > /file\n",
            good: "FROM debian:bookworm\nRUN printf '%s\\n' text > /file\n",
            ..PAGE
        },
        find: find::<3011>,
        ..RULE
    },
    Rule {
        name: "SC3014",
        summary: "In POSIX sh, == in place of = is undefined",
        page: Page {
            why: "dash's `[` does not know `==`, says so and fails: the condition is never true. busybox knows it, and is let pass. Arguments of `[` and `test` are looked at.",
            bad: "FROM debian:bookworm\nRUN if [ \"$TARGETARCH\" == amd64 ]; then touch /amd64; fi\n",
            good: "FROM debian:bookworm\nRUN if [ \"$TARGETARCH\" = amd64 ]; then touch /amd64; fi\n",
            ..PAGE
        },
        fix: Some(Safety::Safe),
        find: find::<3014>,
        ..RULE
    },
    Rule {
        name: "SC3015",
        summary: "In POSIX sh, =~ regex matching is undefined",
        page: Page {
            why: "No shell's `[` knows `=~` but that of zsh; it is one of bash's `[[`.",
            bad: "FROM debian:bookworm\nRUN if [ \"$TARGETARCH\" =~ ^arm ]; then touch /arm; fi\n",
            good: "FROM debian:bookworm\nRUN case \"$TARGETARCH\" in arm*) touch /arm;; esac\n",
            ..PAGE
        },
        find: find::<3015>,
        ..RULE
    },
    Rule {
        name: "SC3016",
        summary: "In POSIX sh, test -v (in place of [ -n \"${var+x}\" ]) is undefined",
        page: Page {
            why: "`-v` asks whether a variable is set, in bash. dash does not know it: the condition is never true.",
            bad: "FROM debian:bookworm\nRUN if [ -v HOME ]; then touch /home; fi\n",
            good: "FROM debian:bookworm\nRUN if [ -n \"${HOME+x}\" ]; then touch /home; fi\n",
            ..PAGE
        },
        find: find::<3016>,
        ..RULE
    },
    Rule {
        name: "SC3018",
        summary: "In POSIX sh, ++ is undefined",
        page: Page {
            why: "dash's arithmetic has no `++` and `--`. busybox has them, and is let pass.",
            bad: "FROM debian:bookworm\nRUN i=0; while [ \"$i\" -lt 3 ]; do : $((i++)); done\n",
            good: "FROM debian:bookworm\nRUN i=0; while [ \"$i\" -lt 3 ]; do i=$((i + 1)); done\n",
            ..PAGE
        },
        find: find::<3018>,
        ..RULE
    },
    Rule {
        name: "SC3019",
        summary: "In POSIX sh, exponentials are undefined",
        page: Page {
            why: "dash's arithmetic has no `**`. busybox has it, and is let pass.",
            bad: "FROM debian:bookworm\nRUN echo \"$((2 ** 3))\" > /eight\n",
            good: "FROM debian:bookworm\nRUN echo \"$((2 * 2 * 2))\" > /eight\n",
            ..PAGE
        },
        find: find::<3019>,
        ..RULE
    },
    Rule {
        name: "SC3020",
        summary: "In POSIX sh, &> is undefined",
        page: Page {
            why: "For dash `command &> file` is two commands: the first runs in the background, with its output on the terminal, and the second empties the file. A `RUN` does not wait for the first. busybox knows it, and is let pass, and so is `&>>`, as it is by ShellCheck.",
            bad: "FROM debian:bookworm\nRUN make &> /make.log\n",
            good: "FROM debian:bookworm\nRUN make > /make.log 2>&1\n",
            ..PAGE
        },
        fix: Some(Safety::Safe),
        find: find::<3020>,
        ..RULE
    },
    Rule {
        name: "SC3021",
        summary: "In POSIX sh, >& filename (as opposed to >& fd) is undefined",
        page: Page {
            why: "`>& file` is bash's; dash wants a number behind `>&` and fails.",
            bad: "FROM debian:bookworm\nRUN make >& /make.log\n",
            good: "FROM debian:bookworm\nRUN make > /make.log 2>&1\n",
            ..PAGE
        },
        fix: Some(Safety::Safe),
        find: find::<3021>,
        ..RULE
    },
    Rule {
        name: "SC3022",
        summary: "In POSIX sh, named file descriptors are undefined",
        page: Page {
            why: "`{name}> file` is bash's. For dash `{name}` is a word of the command.",
            bad: "FROM debian:bookworm\nRUN exec {log}> /log\n",
            good: "FROM debian:bookworm\nRUN exec 3> /log\n",
            ..PAGE
        },
        find: find::<3022>,
        ..RULE
    },
    Rule {
        name: "SC3024",
        summary: "In POSIX sh, += is undefined",
        page: Page {
            why: "dash takes `x+=a` as the name of a program.",
            bad: "FROM debian:bookworm\nRUN flags=-a; flags+=b; ls \"$flags\"\n",
            good: "FROM debian:bookworm\nRUN flags=-a; flags=${flags}b; ls \"$flags\"\n",
            ..PAGE
        },
        fix: Some(Safety::Unsafe),
        find: find::<3024>,
        ..RULE
    },
    Rule {
        name: "SC3028",
        summary: "In POSIX sh, a variable that bash sets is undefined",
        page: Page {
            why: "`$RANDOM`, `$UID`, `$HOSTNAME`, `$OSTYPE` and others are empty in dash. Variables that the script sets, or an `ARG` or `ENV`, are let pass, and so are those that busybox has where the image is one with busybox.",
            bad: "FROM debian:bookworm\nRUN echo \"$UID\" > /uid\n",
            good: "FROM debian:bookworm\nRUN id -u > /uid\n",
            ..PAGE
        },
        find: find::<3028>,
        ..RULE
    },
    Rule {
        name: "SC3029",
        summary: "In POSIX sh, |& in place of 2>&1 | is undefined",
        page: Page {
            why: "`|&` is bash's. dash and busybox do not start a script with one in it.",
            bad: "FROM debian:bookworm\nRUN make |& tee /make.log\n",
            good: "FROM debian:bookworm\nRUN make 2>&1 | tee /make.log\n",
            ..PAGE
        },
        fix: Some(Safety::Safe),
        find: find::<3029>,
        ..RULE
    },
    Rule {
        name: "SC3030",
        summary: "In POSIX sh, arrays are undefined",
        page: Page {
            why: "`x=(a b)` is bash's. dash and busybox do not start a script with one in it.",
            bad: "FROM debian:bookworm\nRUN files=(/a /b); touch \"$files\"\n",
            good: "FROM debian:bookworm\nRUN set -- /a /b; touch \"$@\"\n",
            ..PAGE
        },
        find: find::<3030>,
        ..RULE
    },
    Rule {
        name: "SC3033",
        summary: "In POSIX sh, naming functions outside [a-zA-Z_][a-zA-Z0-9_]* is undefined",
        page: Page {
            why: "dash does not start a script with a function whose name has a hyphen or a dot in it.",
            bad: "FROM debian:bookworm\nRUN make-dir() { mkdir -p \"$1\"; }; make-dir /a\n",
            good: "FROM debian:bookworm\nRUN make_dir() { mkdir -p \"$1\"; }; make_dir /a\n",
            ..PAGE
        },
        find: find::<3033>,
        ..RULE
    },
    Rule {
        name: "SC3034",
        summary: "In POSIX sh, $(<file) to read files is undefined",
        page: Page {
            why: "In dash and busybox `$(< file)` is empty: it opens the file, and runs nothing.",
            bad: "FROM debian:bookworm\nRUN version=$(< /version); echo \"$version\"\n",
            good: "FROM debian:bookworm\nRUN version=$(cat /version); echo \"$version\"\n",
            ..PAGE
        },
        fix: Some(Safety::Safe),
        find: find::<3034>,
        ..RULE
    },
    Rule {
        name: "SC3036",
        summary: "In dash, echo flags besides -n are not supported",
        page: Page {
            why: "dash's `echo` knows `-n` only, and writes the others. This is what SC3037 says for a `SHELL` that is dash by name.",
            bad: "FROM debian:bookworm\nSHELL [\"/bin/dash\", \"-c\"]\nRUN echo -e 'a\\tb' > /file\n",
            good: "FROM debian:bookworm\nSHELL [\"/bin/dash\", \"-c\"]\nRUN printf 'a\\tb\\n' > /file\n",
            ..PAGE
        },
        fix: Some(Safety::Unsafe),
        find: find::<3036>,
        ..RULE
    },
    Rule {
        name: "SC3037",
        summary: "In POSIX sh, echo flags are undefined",
        page: Page {
            why: "dash's `echo -e` writes `-e`. `echo -n` is let pass, since each `sh` of an image knows it (not in compatible mode), and so are all flags in images with busybox or bash as their `sh`.",
            bad: "FROM debian:bookworm\nRUN echo -e 'a\\tb' > /file\n",
            good: "FROM debian:bookworm\nRUN printf 'a\\tb\\n' > /file\n",
            ..PAGE
        },
        fix: Some(Safety::Unsafe),
        find: find::<3037>,
        ..RULE
    },
    Rule {
        name: "SC3038",
        summary: "In POSIX sh, exec flags are undefined",
        page: Page {
            why: "`exec -a name` and `exec -c` are bash's. dash looks for a program named `-a`.",
            bad: "FROM debian:bookworm\nRUN exec -a name sleep 1\n",
            good: "FROM debian:bookworm\nRUN exec sleep 1\n",
            ..PAGE
        },
        find: find::<3038>,
        ..RULE
    },
    Rule {
        name: "SC3039",
        summary: "In POSIX sh, 'let' is undefined",
        page: Page {
            why: "dash has no `let`. busybox has it, and is let pass.",
            bad: "FROM debian:bookworm\nRUN let i=1+1; echo \"$i\"\n",
            good: "FROM debian:bookworm\nRUN i=$((1 + 1)); echo \"$i\"\n",
            ..PAGE
        },
        find: find::<3039>,
        ..RULE
    },
    Rule {
        name: "SC3040",
        summary: "In POSIX sh, set option pipefail is undefined",
        page: Page {
            why: "dash before version 0.5.13, and with it Debian's until bookworm, fails at `set -o pipefail`. Images with busybox or bash are let pass.",
            bad: "FROM debian:bookworm\nRUN set -o pipefail; make | tee /make.log\n",
            good: "FROM debian:bookworm\nSHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nRUN make | tee /make.log\n",
            ..PAGE
        },
        find: find::<3040>,
        ..RULE
    },
    Rule {
        name: "SC3041",
        summary: "In POSIX sh, set flag -E is undefined",
        page: Page {
            why: "POSIX has fewer flags of `set` than bash, and a shell fails at those that it does not know. Those that dash has are let pass (`-E`, `-V`, `-p` and others), in compatible mode only those of POSIX.",
            bad: "FROM debian:bookworm\nRUN set -eT; make\n",
            good: "FROM debian:bookworm\nRUN set -e; make\n",
            ..PAGE
        },
        find: find::<3041>,
        ..RULE
    },
    Rule {
        name: "SC3043",
        summary: "In POSIX sh, 'local' is undefined",
        page: Page {
            why: "POSIX has no `local`. dash, busybox and bash have it, but fail at it outside of functions: there it is found. In compatible mode it is found everywhere, as ShellCheck does it.",
            bad: "FROM debian:bookworm\nRUN local name=a; touch \"$name\"\n",
            good: "FROM debian:bookworm\nRUN name=a; touch \"$name\"\n",
            ..PAGE
        },
        find: find::<3043>,
        ..RULE
    },
    Rule {
        name: "SC3044",
        summary: "In POSIX sh, a builtin of bash is undefined",
        page: Page {
            why: "`declare`, `typeset`, `pushd`, `popd`, `dirs`, `shopt`, `mapfile`, `readarray`, `enable`, `disown`, `caller`, `complete` and `compgen` are bash's. dash looks for a program of that name.",
            bad: "FROM debian:bookworm\nRUN pushd /src && make && popd\n",
            good: "FROM debian:bookworm\nRUN (cd /src && make)\n",
            ..PAGE
        },
        find: find::<3044>,
        ..RULE
    },
    Rule {
        name: "SC3045",
        summary: "In POSIX sh, a flag of a builtin is undefined",
        page: Page {
            why: "Flags of `read`, `export`, `cd`, `printf`, `trap`, `type`, `ulimit`, `unset`, `wait` and others that POSIX has not. Those that dash has are let pass (`read -p`, `ulimit -n`), all of them in compatible mode only, and any in images with busybox.",
            bad: "FROM debian:bookworm\nRUN read -r -a words < /file; echo \"$words\"\n",
            good: "FROM debian:bookworm\nRUN read -r words < /file; echo \"$words\"\n",
            ..PAGE
        },
        find: find::<3045>,
        ..RULE
    },
    Rule {
        name: "SC3046",
        summary: "In POSIX sh, 'source' in place of '.' is undefined",
        page: Page {
            why: "dash has no `source`: the file is not read, and the commands behind it run without it. busybox has it, and is let pass.",
            bad: "FROM debian:bookworm\nRUN source /env.sh && make\n",
            good: "FROM debian:bookworm\nRUN . /env.sh && make\n",
            ..PAGE
        },
        fix: Some(Safety::Safe),
        find: find::<3046>,
        ..RULE
    },
    Rule {
        name: "SC3047",
        summary: "In POSIX sh, trapping ERR is undefined",
        page: Page {
            why: "`ERR`, `DEBUG` and `RETURN` are bash's. dash fails at them.",
            bad: "FROM debian:bookworm\nRUN trap 'echo failed' ERR; make\n",
            good: "FROM debian:bookworm\nRUN trap 'echo ended' EXIT; make\n",
            ..PAGE
        },
        find: find::<3047>,
        ..RULE
    },
    Rule {
        name: "SC3048",
        summary: "In POSIX sh, prefixing signal names with 'SIG' is undefined",
        page: Page {
            why: "dash's `trap` knows `INT`, not `SIGINT`. busybox knows both, and is let pass.",
            bad: "FROM debian:bookworm\nRUN trap 'rm -f /lock' SIGINT; make\n",
            good: "FROM debian:bookworm\nRUN trap 'rm -f /lock' INT; make\n",
            ..PAGE
        },
        fix: Some(Safety::Safe),
        find: find::<3048>,
        ..RULE
    },
    Rule {
        name: "SC3050",
        summary: "In POSIX sh, printf %q is undefined",
        page: Page {
            why: "`%q` is bash's. dash's `printf` fails at it.",
            bad: "FROM debian:bookworm\nRUN printf '%q' 'a b' > /file\n",
            good: "FROM debian:bookworm\nRUN printf '%s' 'a b' > /file\n",
            ..PAGE
        },
        find: find::<3050>,
        ..RULE
    },
    Rule {
        name: "SC3053",
        summary: "In POSIX sh, indirect expansion is undefined",
        page: Page {
            why: "`${!name}` is bash's. dash fails at it when it comes there.",
            bad: "FROM debian:bookworm\nRUN name=HOME; echo \"${!name}\"\n",
            good: "FROM debian:bookworm\nRUN name=HOME; printenv \"$name\"\n",
            ..PAGE
        },
        find: find::<3053>,
        ..RULE
    },
    Rule {
        name: "SC3054",
        summary: "In POSIX sh, array references are undefined",
        page: Page {
            why: "`${name[0]}` is bash's. dash fails at it when it comes there.",
            bad: "FROM debian:bookworm\nRUN echo \"${words[0]}\"; words=a\n",
            good: "FROM debian:bookworm\nRUN words=a; echo \"$words\"\n",
            ..PAGE
        },
        find: find::<3054>,
        ..RULE
    },
    Rule {
        name: "SC3057",
        summary: "In POSIX sh, string indexing is undefined",
        page: Page {
            why: "`${name:1:2}` is bash's. dash fails at it when it comes there. busybox knows it, and is let pass.",
            bad: "FROM debian:bookworm\nRUN echo \"${HOME:0:1}\"\n",
            good: "FROM debian:bookworm\nRUN echo \"$HOME\" | cut -c 1\n",
            ..PAGE
        },
        find: find::<3057>,
        ..RULE
    },
    Rule {
        name: "SC3059",
        summary: "In POSIX sh, case modification is undefined",
        page: Page {
            why: "`${name^^}` and `${name,,}` are bash's. dash and busybox fail at them when they come there.",
            bad: "FROM debian:bookworm\nRUN echo \"${TARGETARCH^^}\"\n",
            good: "FROM debian:bookworm\nRUN echo \"$TARGETARCH\" | tr a-z A-Z\n",
            ..PAGE
        },
        find: find::<3059>,
        ..RULE
    },
    Rule {
        name: "SC3060",
        summary: "In POSIX sh, string replacement is undefined",
        page: Page {
            why: "`${name/a/b}` is bash's. dash fails at it when it comes there. busybox knows it, and is let pass.",
            bad: "FROM debian:bookworm\nRUN echo \"${TARGETARCH/amd64/x86_64}\"\n",
            good: "FROM debian:bookworm\nRUN echo \"$TARGETARCH\" | sed s/amd64/x86_64/\n",
            ..PAGE
        },
        find: find::<3060>,
        ..RULE
    },
    Rule {
        name: "SC3061",
        summary: "In POSIX sh, read without a variable is undefined",
        page: Page {
            why: "dash's `read` wants a variable. busybox puts the line into `REPLY`, and is let pass.",
            bad: "FROM debian:bookworm\nRUN read -r < /file\n",
            good: "FROM debian:bookworm\nRUN read -r line < /file; echo \"$line\"\n",
            ..PAGE
        },
        find: find::<3061>,
        ..RULE
    },
];

/// What all of them have in common.
const RULE: Rule = Rule {
    name: "",
    summary: "",
    severity: Severity::Warning,
    set: Set::ShellCheck,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: PAGE,
    find: find::<0>,
};

const PAGE: Page = Page {
    why: "",
    bad: "",
    good: "",
    configure: Some(
        "Which shell `sh` is follows from the image: busybox where its name is `alpine` or its tag says so, bash for \
         the images of Red Hat, Fedora, openSUSE, Arch Linux and their like (nothing is found there), and else dash, \
         Debian's and Ubuntu's. `SHELL` decides where there is one. In compatible mode, as for ShellCheck, `sh` \
         understands what POSIX has, and no more.",
    ),
};

/// The rule with a code.
pub(super) fn rule(code: u16) -> Option<&'static Rule> {
    let number = |rule: &Rule| rule.name.strip_prefix("SC")?.parse::<u16>().ok();
    let at = RULES.binary_search_by_key(&Some(code), number);
    at.ok().and_then(|at| RULES.get(at))
}

fn find<const CODE: u16>(file: &File<'_>) -> Vec<Found> {
    report::of(file, &format!("SC{CODE}"))
}
