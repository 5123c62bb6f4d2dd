package unit

// Nearest returns the valid name that is most like the one given, by the number
// of letters to insert, delete, replace or swap with their neighbour
// (Damerau-Levenshtein, optimal string alignment), or "" if none is near: more
// than a third of its letters would have to change.
func Nearest(got string, valid []string) string {
	best, least := "", max(1, (len(got)+1)/3)+1
	for _, v := range valid {
		if d := distance(got, v); d < least {
			best, least = v, d
		}
	}
	return best
}

func distance(a, b string) int {
	if len(a) > 200 || len(b) > 200 {
		return 1 << 20
	}
	before, row, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}
