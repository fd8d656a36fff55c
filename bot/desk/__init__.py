"""The desk: cases, the rules that open them, and what people see of them. Pure; the board is a port."""
