
variable "BASE" { default = "x" }
variable "LIST" { default = ["b", "a"] }
variable "MAP" { default = { z = "1", a = "2" } }
function "tag" {
  params = [name, version]
  result = [for r in ["docker.io/acme", "ghcr.io/acme"] : "${r}/${name}:${version}"]
}
function "sum" {
  params = [first]
  variadic_params = rest
  result = length(rest) == 0 ? first : add(first, length(rest))
}
target "default" {
  tags = concat(tag("app", "1.0"), tag("app", "latest"))
  args = {
    join = join(",", LIST)
    split = split("/", "a/b/c")[1]
    lower = lower("ABC")
    upper = upper("abc")
    title = title("hello world")
    replace = replace("a.b.c", ".", "-")
    regex_replace = regex_replace("v1.2.3", "v([0-9]+).*", "$1")
    regex = regex("[a-z]+", "123abc456")
    format = format("%s-%03d-%v-%q", "x", 7, true, "q")
    formatlist = join("|", formatlist("%s:%s", ["a", "b"], "t"))
    coalesce = coalesce(null, "b")
    contains = contains(LIST, "a") ? "yes" : "no"
    length = length(LIST)
    keys = join(",", keys(MAP))
    values = join(",", values(MAP))
    lookup = lookup(MAP, "nope", "fallback")
    try = try(MAP.nope, "tried")
    can = can(MAP.nope)
    substr = substr("hello", 1, 3)
    trim = trim("--x--", "-")
    trimprefix = trimprefix("v1", "v")
    trimsuffix = trimsuffix("a.go", ".go")
    trimspace = trimspace("  y ")
    sha256 = sha256("x")
    base64 = base64encode("hi")
    unbase64 = base64decode("aGk=")
    urlencode = urlencode("a b/c")
    json = jsonencode({ a = [1, 2.5, "x"], b = null })
    jsondecode = jsondecode("{\"k\": [1,2]}").k[1]
    csv = csvdecode("a,b\n1,2\n")[0].b
    min = min(3, 1, 2)
    max = max(3, 1, 2)
    ceil = ceil(1.2)
    floor = floor(1.8)
    div = 7 / 2
    mod = 7 % 4
    add = 1 + 2 * 3
    sum = sum(1, 2, 3)
    sort = join(",", sort(["c", "a", "b"]))
    reverse = join(",", reverselist(["a", "b"]))
    strrev = reverse("abc")
    distinct = join(",", distinct(["a", "a", "b"]))
    flatten = join(",", flatten([["a"], ["b", ["c"]]]))
    slice = join(",", slice(["a", "b", "c"], 1, 3))
    index = index(LIST, 0)
    element = element(["a", "b"], 3)
    range = join(",", range(3))
    chunk = length(chunklist(["a", "b", "c"], 2))
    merge = jsonencode(merge({ a = 1 }, { b = 2 }))
    zipmap = jsonencode(zipmap(["a", "b"], [1, 2]))
    setunion = join(",", setunion(["a"], ["b"]))
    compact = join(",", compact(["", "a", ""]))
    strlen = strlen("häh")
    indent = indent(2, "a\nb")
    chomp = chomp("a\n")
    parseint = parseint("ff", 16)
    not = not(true)
    and = and(true, false)
    or = or(true, false)
    lessthan = lessthan(1, 2)
    cond = BASE == "x" && !false ? "t" : "f"
    splat = join(",", [{ n = "1" }, { n = "2" }][*].n)
    tmpl = "%{ if BASE == "x" }yes%{ else }no%{ endif } %{ for k, v in MAP }${k}=${v};%{ endfor }"
    for = jsonencode({ for k, v in MAP : upper(k) => v if v != "1" })
    group = jsonencode({ for s in ["apple", "avocado", "bean"] : substr(s, 0, 1) => s... })
    bool = true
    float = 2.50
    exp = 1e3
    neg = -5
    timestampish = formatdate("YYYY-MM-DD", "2024-05-06T07:08:09Z")
    timeadd = timeadd("2024-05-06T07:08:09Z", "24h")
    sanitize = sanitize("a.b/c:d")
    basename = basename("/a/b.txt")
    dirname = dirname("/a/b.txt")
    cmd = BAKE_CMD_CONTEXT
  }
}
