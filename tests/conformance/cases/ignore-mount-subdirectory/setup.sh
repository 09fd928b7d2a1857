for f in d/secret d/open d/a.key b.key; do mkdir -p "$(dirname "$f")"; printf x > "$f"; done
cat > .dockerignore <<'EOF'
d/secret
*.key
EOF
