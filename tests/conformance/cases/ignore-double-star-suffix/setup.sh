for f in x.log y/z.log tmp a/tmp/f az abz a/bz d/1.o d/e/2.o d/e/f/3.o other; do mkdir -p "$(dirname "$f")"; printf x > "$f"; done
cat > .dockerignore <<'EOF'
**.log
**/tmp
a**z
d/**/*.o
EOF
