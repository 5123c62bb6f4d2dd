// Package paint is what pictures are made of: colours, text, axes and their ticks, lines
// and areas over time, legends, and numbers as people say them. It knows no run; the
// pictures of one are in package report. The charts of comparisons, which need nothing but
// numbers and names, are here.
package paint
