for f in 1.a 2.b 3.a d/x d/y; do mkdir -p "$(dirname "$f")"; printf x > "$f"; done
cat > .dockerignore <<'EOF'
*.b
d/x
EOF
