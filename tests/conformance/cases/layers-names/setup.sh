touch -- 'b\s' -dash 'x y' 'é' "$(printf 'e\314\201')" '日本'
