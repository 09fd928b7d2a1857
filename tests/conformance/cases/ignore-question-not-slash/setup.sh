for f in a/b axb c/d cxd cx/d z zz; do mkdir -p "$(dirname "$f")"; printf x > "$f"; done
cat > .dockerignore <<'EOF'
a?b
c*d
?
EOF
