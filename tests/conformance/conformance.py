#!/usr/bin/env python3
"""Build every case with a builder and hold what comes out against what BuildKit made of it.

    conformance.py [--carafe PROGRAM] [--cases DIR] [--only REGEX] [-j N] [-v]   hold carafe against expected.json
    conformance.py --docker 'docker' [--cases DIR] [--only REGEX] [-j N] [-v]     the same for Docker (buildx)
    conformance.py --record --docker 'docker' [--cases DIR] [--only REGEX]       write expected.json with Docker
    conformance.py --record --buildctl 'buildctl --addr …' [--cases DIR]        write expected.json with BuildKit

expected-failures.txt lists the cases that do not hold yet, each with the reason. It may only shrink: the run fails if a
case outside it does not hold, and also if a case in it does (take it out then).

A case is a folder: Dockerfile, optionally context/ (the build context; empty if absent), setup.sh (run in
a copy of the context, to make what git cannot hold), case.json and expected.json. case.json may hold
  build_args {k: v} · target · platform · labels {k: v} · secrets {id: text} · contexts {name: folder} ·
  context_refs {name: reference, as docker-image://…} · flags [as docker buildx build and carafe build take them] · dockerfile (its path inside the context) ·
  mtime (true: compare modification times) · tars (true: compare what each layer's tar holds, whiteouts too) · error (true: the build must fail) · words [each
  must stand in the error] · config_only · about (what it shows) · history_count (why only the number of entries
  counts) · by_hand (why expected.json was written by hand; BuildKit is not asked) · docker (why Docker 28, whose
  BuildKit is older than the one that most cases were recorded with, is not asked)
setup.sh runs with umask 022 and finds the folders of `contexts` as ../ctx-NAME.

Compared: the image's config, the merged root filesystem outside the base image (type, mode, owner, content, link
target, hard link groups, capabilities), and the history: every entry's text, and whether it has no layer. Of an error,
the line that it marks is compared, where BuildKit marks one. Every digest in the archive is checked. The base image is
make_base.py's: carafe loads it into a store of its own (CARAFE_ROOT, made for the run; `carafe load -i base.tar`),
BuildKit finds it in the registry on 127.0.0.1:5000, and into Docker it is loaded as `busybox:latest` (docker load).
Docker is not asked about cases with a `# syntax=` line, for which it would fetch another frontend. NOTES.md says what
the cases taught.
"""
import argparse, concurrent.futures, itertools, json, os, re, shlex, shutil, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import oci_listing

IGNORED_CONFIG = ("ArgsEscaped",)


def copy_tree(src, dst):
    """Copy a folder of the checkout; modes become 0755 and 0644, whatever umask it was checked out with."""
    if os.path.isdir(src):
        shutil.copytree(src, dst, symlinks=True)
    else:
        os.mkdir(dst)
    os.chmod(dst, 0o755)
    for d, dirs, files in os.walk(dst):
        for n in dirs + files:
            p = os.path.join(d, n)
            if not os.path.islink(p):
                os.chmod(p, 0o755 if os.path.isdir(p) or os.stat(p).st_mode & 0o100 else 0o644)


def prepare(case, tmp, spec):
    ctx = os.path.join(tmp, os.path.basename(case))  # BuildKit tells contexts apart by this name, and by times and sizes of files
    copy_tree(os.path.join(case, "context"), ctx)
    for k, d in spec.get("contexts", {}).items():
        copy_tree(os.path.join(case, d), os.path.join(tmp, "ctx-" + k))
    if os.path.exists(os.path.join(case, "setup.sh")):
        subprocess.run(["sh", os.path.join(case, "setup.sh")], cwd=ctx, check=True, umask=0o022)
    return ctx


def command(builder, spec, case, ctx, tmp, out):
    dockerfile = os.path.join(ctx, spec["dockerfile"]) if "dockerfile" in spec else os.path.join(case, "Dockerfile")
    secrets = {}
    for k, v in spec.get("secrets", {}).items():
        secrets[k] = os.path.join(tmp, "secret-" + k)
        open(secrets[k], "w").write(v)
    if builder["kind"] == "buildctl":
        c = builder["argv"] + ["build", "--progress=plain", "--frontend", "dockerfile.v0", "--local", "context=" + ctx, "--local", "dockerfile=" + os.path.dirname(dockerfile),
                               "--opt", "filename=" + os.path.basename(dockerfile),
                               "--opt", "cmdline=dockerfile.v0",  # a syntax directive must not fetch another frontend
                               "--output", "type=oci,dest=" + out]
        for k, v in spec.get("build_args", {}).items():
            c += ["--opt", f"build-arg:{k}={v}"]
        for k, v in spec.get("labels", {}).items():
            c += ["--opt", f"label:{k}={v}"]
        for k in ("target", "platform"):
            if k in spec:
                c += ["--opt", f"{k}={spec[k]}"]
        for k, p in secrets.items():
            c += ["--secret", f"id={k},src={p}"]
        for k, v in spec.get("context_refs", {}).items():
            c += ["--opt", f"context:{k}={v}"]
        for k in spec.get("contexts", {}):
            c += ["--local", f"ctx-{k}=" + os.path.join(tmp, "ctx-" + k), "--opt", f"context:{k}=local:ctx-{k}"]
        return c
    if builder["kind"] == "docker":
        # The network that carafe has, for a daemon may be without a bridge; and caches of an earlier run must not show.
        c = builder["argv"] + ["buildx", "build", "--progress=plain", "--provenance=false", "--network=host", "--build-arg", "BUILDKIT_CACHE_MOUNT_NS=" + tmp]
    else:
        c = builder["argv"] + ["build"]
    c += ["-f", dockerfile, "--output", "type=oci,dest=" + out]
    for k, v in spec.get("build_args", {}).items():
        c += ["--build-arg", f"{k}={v}"]
    for k, v in spec.get("labels", {}).items():
        c += ["--label", f"{k}={v}"]
    for k in ("target", "platform"):
        if k in spec:
            c += [f"--{k}", spec[k]]
    for k, p in secrets.items():
        c += ["--secret", f"id={k},src={p}"]
    for k, v in spec.get("context_refs", {}).items():
        c += ["--build-context", f"{k}={v}"]
    for k in spec.get("contexts", {}):
        c += ["--build-context", f"{k}=" + os.path.join(tmp, "ctx-" + k)]
    return c + spec.get("flags", []) + [ctx]


def build(builder, case, base):
    """What the builder made of the case: {"error": text} or oci_listing's description."""
    spec = json.load(open(os.path.join(case, "case.json"))) if os.path.exists(os.path.join(case, "case.json")) else {}
    with tempfile.TemporaryDirectory() as tmp:
        ctx, out = prepare(case, tmp, spec), os.path.join(tmp, "out.tar")
        run = subprocess.run(command(builder, spec, case, ctx, tmp, out), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", timeout=300)
        if run.returncode:
            return spec, {"error": run.stdout[-3000:].replace(tmp, "TMP"), "lines": marked_lines(run.stdout)}
        return spec, oci_listing.describe(out, base, spec.get("mtime", False), tars=spec.get("tars", False))


def marked_lines(text):
    """The lines of the Dockerfile that an error marks; none if it marks no place. carafe's first `-->` behind `error:` names it."""
    errors = text[max(text.find("\nerror: "), 0):]  # warnings mark places, too
    framed = [int(n) for n in re.findall(r"^ *(\d+) \| >>>", text, re.M)]
    named = [int(n) for n in re.findall(r"parse error on line (\d+)", text)] + [int(n) for n in re.findall(r"--> .*?:(\d+):\d+$", errors, re.M)]
    return framed or named[:1]


def differences(spec, want, got):
    if "error" in want or "error" in got:
        if "error" not in got:
            return ["the build must fail, and did not"]
        if "error" not in want:
            return ["the build failed: " + got["error"].strip()[-400:]]
        out = [f"the error does not name {w!r}: {got['error'].strip()[-300:]}" for w in spec.get("words", []) if w.lower() not in got["error"].lower()]
        if want.get("lines") and not set(got["lines"]) & set(want["lines"]):
            out.append(f"the error marks line {got['lines']}, not one of {want['lines']}: {got['error'].strip()[-300:]}")
        if "panicked at" in got["error"]:
            out.append("it panicked")
        return out
    out = []
    for k in sorted(set(want["config"]) | set(got["config"])):
        if k not in IGNORED_CONFIG and (want["config"].get(k) or None) != (got["config"].get(k) or None):
            out.append(f"config {k}: want {want['config'].get(k)!r}, got {got['config'].get(k)!r}")
    for k in ("os", "architecture", "author"):
        if want.get(k) != got.get(k):
            out.append(f"{k}: want {want.get(k)!r}, got {got.get(k)!r}")
    for w, g in itertools.zip_longest(want["history"], got["history"]):
        if w != g if "history_count" not in spec else None in (w, g) or w["empty_layer"] != g["empty_layer"]:
            out.append(f"history: want {w}, got {g}")
    for n, (w, g) in enumerate(itertools.zip_longest(want.get("tars", []), got.get("tars", []))):
        if w != g:
            out.append(f"layer {n}: want {w}, got {g}")
    if spec.get("config_only"):
        return out
    for p in sorted(set(want["files"]) | set(got["files"])):
        w, g = want["files"].get(p), got["files"].get(p)
        if w != g:
            out.append(f"{p}: want {w}, got {g}")
    if want.get("removed") != got.get("removed"):
        out.append(f"removed: want {want.get('removed')}, got {got.get('removed')}")
    return out


def record(spec, got, path):
    """Write expected.json; returns what is wrong, if anything is."""
    if bool(spec.get("error")) != ("error" in got):
        return "NOT RECORDED: " + ("built" if "error" not in got else got["error"][-600:])
    if "error" in got:  # only the last message: what stands before it holds times and progress
        lines = got["error"].strip().splitlines()
        first = max([i for i, line in enumerate(lines) if line.lower().startswith("error:")] or [0])
        text = re.sub(r"/\S*/cachemounts/buildkit\d+", "ROOT", "\n".join(lines[first:]))
        got = {"error": re.sub(r"of ref \S+:", "of ref REF:", text), "lines": got["lines"]}
    with open(path, "w") as f:
        json.dump(got, f, indent=1, sort_keys=True)
        f.write("\n")
    return None


def run_case(builder, case, base, recording):
    """One case: None if it holds, else the lines that say how it does not."""
    path = os.path.join(case, "expected.json")
    try:
        spec, got = build(builder, case, base)
    except (Exception, SystemExit) as e:
        return [f"the harness could not read the result: {e!r}"]
    if recording:
        bad = record(spec, got, path)
        return [bad] if bad else None
    if not os.path.exists(path):
        return ["it has no expected.json; --record it"]
    return differences(spec, json.load(open(path)), got)[:6] or None


def fetches_frontend(case):
    """Whether the case has a `# syntax=` line, in any spelling."""
    path = os.path.join(case, "Dockerfile")
    if not os.path.exists(path):
        return False
    with open(path, encoding="utf-8", errors="replace") as f:
        return any(re.match(r"\ufeff?\s*(#|//)\s*syntax\s*=|\{.*\"syntax\"", line, re.I) for line in f)


def expected_failures(path):
    """The names in the list; `#` starts a comment."""
    with open(path) as f:
        return {line.split("#")[0].strip() for line in f} - {""}


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--cases", default=os.path.join(HERE, "cases"))
    ap.add_argument("--carafe", default=os.environ.get("CARAFE", "carafe"))
    ap.add_argument("--buildctl", help="BuildKit's client and its options")
    ap.add_argument("--docker", help="Docker's client and its options")
    ap.add_argument("--record", action="store_true")
    ap.add_argument("--only", default="", metavar="REGEX", help="only cases whose name holds it")
    ap.add_argument("--expected-failures", metavar="FILE", default=os.path.join(HERE, "expected-failures.txt"))
    ap.add_argument("-j", type=int, default=os.cpu_count() or 2, help="builds at once")
    ap.add_argument("-v", action="store_true", help="name the cases that hold, too")
    a = ap.parse_args()
    a.cases = os.path.abspath(a.cases)  # setup.sh runs elsewhere
    own = tempfile.mkdtemp(prefix="conformance-")
    base = os.path.join(own, "base.tar")
    subprocess.run([sys.executable, os.path.join(HERE, "make_base.py"), base] + ["--push", "127.0.0.1:5000"] * bool(a.buildctl), check=True, stdout=subprocess.DEVNULL)
    kind = "buildctl" if a.buildctl else "docker" if a.docker else "carafe"
    builder = {"kind": kind, "argv": shlex.split(a.buildctl or a.docker or a.carafe)}
    if os.sep in builder["argv"][0]:
        builder["argv"][0] = os.path.abspath(builder["argv"][0])
    os.environ["CARAFE_ROOT"] = os.path.join(own, "store")
    if kind != "buildctl":
        subprocess.run(builder["argv"] + ["load", "-i", base], check=True, stdout=subprocess.DEVNULL)
    names = [n for n in sorted(os.listdir(a.cases)) if re.search(a.only, n) and os.path.exists(os.path.join(a.cases, n, "case.json"))]
    if kind != "carafe":
        names = [n for n in names if "by_hand" not in json.load(open(os.path.join(a.cases, n, "case.json")))]
    if kind == "docker":
        other = [n for n in names if fetches_frontend(os.path.join(a.cases, n)) or "docker" in json.load(open(os.path.join(a.cases, n, "case.json")))]
        names = [n for n in names if n not in other]
        print(f"Docker is not asked about {len(other)}: " + " ".join(other))
    if not names:
        sys.exit("no such case")
    listed = set() if a.record else expected_failures(a.expected_failures)
    started, failed, known = time.time(), 0, 0
    with concurrent.futures.ThreadPoolExecutor(a.j) as pool:
        for name, bad in zip(names, pool.map(lambda n: run_case(builder, os.path.join(a.cases, n), base, a.record), names)):
            if bad and name in listed:
                known += 1
                if a.v:
                    print(f"known {name} · " + bad[0][:200])
            elif bad:
                failed += 1
                print(f"FAIL {name} · {json.load(open(os.path.join(a.cases, name, 'case.json'))).get('about', '')}")
                for line in bad:
                    print("    " + line[:600])
            elif name in listed:
                failed += 1
                print(f"FAIL {name} holds now: take it out of {os.path.relpath(a.expected_failures)}")
            elif a.v:
                print(f"ok   {name}")
    for name in sorted(listed - set(os.listdir(a.cases))):
        failed += 1
        print(f"FAIL {name} is listed as an expected failure, and there is no such case")
    subprocess.run(["rm", "-rf", "--one-file-system", own], stderr=subprocess.DEVNULL)
    print(f"conformance: {len(names) - failed - known} of {len(names)} cases hold, {known} are known not to ({time.time() - started:.1f} s)")
    print(f"conformance: {len(names) - failed - known} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
