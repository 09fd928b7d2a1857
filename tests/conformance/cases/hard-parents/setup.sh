mkdir -p a/b/c x/y/z; for f in a/b/c/1.txt a/b/c/2.md x/k.json x/y/k.json x/y/z/k.json x/y/other; do printf 1 > $f; done
