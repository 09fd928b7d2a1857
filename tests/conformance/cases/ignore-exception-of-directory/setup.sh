for f in src/a/f src/a/test/drop src/a/test/keep src/test/x doc/a.md doc/b.txt doc/sub/c.md other; do mkdir -p "$(dirname "$f")"; printf x > "$f"; done
cat > .dockerignore <<'EOF'
*
!src
!doc/*.md
src/**/test
!src/a/test/keep
EOF
