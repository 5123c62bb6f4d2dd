package paint

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestATradeOffHoldsEveryPointAndNameWhereverTheyLie(t *testing.T) {
	near := func(v float64) Around { return Around{v, v * 0.99, v * 1.01} }
	choices := []Choice{{"base", near(1), near(1)}, {"the same", near(1), near(1)}, {"and again", near(1.001), near(1)}, {"far <away>", near(1e6), Around{0.2, math.NaN(), math.NaN()}}}
	svg, err := TradeOff("t", "c", Axis{"x", Number}, Axis{"y", Share}, choices, true)
	require.NoError(t, err)
	for _, name := range []string{">base<", ">the same<", ">and again<", ">far &lt;away&gt;<"} {
		assert.Contains(t, string(svg), name)
	}
	assert.False(t, strings.Contains(string(svg), "NaN"))
	one := choices[:1]
	png, err := TradeOff("t", "c", Axis{"x", Number}, Axis{"y", Share}, one, false)
	require.NoError(t, err)
	assert.NotEmpty(t, png)
}
