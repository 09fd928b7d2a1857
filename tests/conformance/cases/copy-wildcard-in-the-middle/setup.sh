for f in d1/x d2/x d1/a/z d2/b/z d1/a/x e x; do mkdir -p "$(dirname "$f")"; printf x > "$f"; done
