for f in a/src/x.o a/src/y.c a/src/tmp/z a/src/sub/w.o a/q.o; do mkdir -p "$(dirname "$f")"; printf x > "$f"; done
