echo old > f
