package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const head = "t_s,type,status,exec_s,images,steps,n_lora,user,model,prompt_chars\n"

func TestARowIsOfAllThatSucceededAndOfThoseFromTextWithoutLoRAByModel(t *testing.T) {
	var out strings.Builder
	require.NoError(t, medians(strings.NewReader(head+
		"0,t2i,succeed,10,1,30,0,0,0007,5\n"+
		"1,t2i,succeed,13,1,30,0,0,0007,5\n"+
		"2,t2i,succeed,40,1,30,1,0,0007,5\n"+ // with LoRA
		"3,i2i,succeed,50,1,30,0,0,0007,5\n"+ // from a picture
		"4,t2i,failed,99,1,30,0,0,0007,5\n"+
		"5,t2i,succeed,,1,30,0,0,0007,5\n"+
		"6,t2i,succeed,20,4,30,0,0,0007,5\n"), &out, 2)) // one is too few
	assert.Equal(t, `model,images,steps,requests,median_s,mad_s,mean_s,sd_s
0007,1,30,2,11.5,1.5,11.500,2.121
all,1,30,4,26.5,15,28.250,19.805
`, out.String())
}

func TestWhatIsNoTraceIsRefusedWithItsPlace(t *testing.T) {
	for in, want := range map[string]string{
		"":                    "reading the header: EOF",
		"t_s,status,exec_s\n": "no column type, there are [t_s status exec_s]",
		head + "0,t2i,succeed,ten,1,30,0,0,0007,5\n": `line 2, exec_s: strconv.ParseFloat: parsing "ten": invalid syntax`,
	} {
		assert.EqualError(t, medians(strings.NewReader(in), &strings.Builder{}, 1), want)
	}
}
