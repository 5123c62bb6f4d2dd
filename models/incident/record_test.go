package incident_test

import (
	"encoding/csv"
	"os"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"github.com/launchday-sim/launchday/models/incident"
	"github.com/launchday-sim/launchday/models/unit"
)

// recordFile holds, under its key record, the facts of the launch.
const recordFile = "testdata/ghibli-record.yaml"

// start is the scenario's start that the tests count from.
var start = time.Date(2025, 3, 25, 0, 0, 0, 0, time.UTC)

func TestTheRecordOfTheLaunchStandsAsItWasHandedOver(t *testing.T) {
	rows := record(t)
	f, err := os.Open("testdata/ghibli_record.csv")
	require.NoError(t, err)
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, len(lines)-1)

	verbatim := map[string]string{"id": "name", "what": "what", "from_utc": "from", "to_utc": "to", "unit": "unit", "use": "use", "source": "source", "confidence": "confidence"}
	for i, line := range lines[1:] {
		for k, column := range lines[0] {
			switch {
			case verbatim[column] != "":
				assert.Equal(t, line[k], rows[i][verbatim[column]].Value, "%s of %s", column, line[0])
			case column == "metric": // prose: what the paths and modifiers of the record express
			case line[k] == "":
				assert.NotContains(t, rows[i], column, "%s of %s", column, line[0])
			default:
				want, err := strconv.ParseFloat(line[k], 64)
				require.NoError(t, err)
				assert.Equal(t, want, number(t, rows[i][column].Value), "%s of %s", column, line[0])
			}
		}
	}
}

func TestEachFactOfTheRecordIsConsistent(t *testing.T) {
	for _, f := range facts(t) {
		assert.NoError(t, f.Check())
	}
}

// record reads the facts as they are written.
func record(t *testing.T) []map[string]yaml.Node {
	text, err := os.ReadFile(recordFile)
	require.NoError(t, err)
	var file struct {
		Record []map[string]yaml.Node `yaml:"record"`
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	return file.Record
}

// facts reads them as a scenario does that starts at start.
func facts(t *testing.T) []incident.Fact {
	var all []incident.Fact
	for _, row := range record(t) {
		var f incident.Fact
		v := reflect.ValueOf(&f).Elem()
		known := map[string]bool{}
		for i := range v.NumField() {
			name := v.Type().Field(i).Tag.Get("yaml")
			known[name] = true
			node, ok := row[name]
			if !ok {
				continue
			}
			switch p := v.Field(i).Addr().Interface().(type) {
			case *string:
				*p = node.Value
			case *unit.Instant:
				*p = instant(t, node.Value)
			case *unit.Duration:
				require.NoError(t, p.UnmarshalText([]byte(node.Value)))
			case *unit.Count:
				*p = unit.Count(number(t, node.Value))
			case **unit.Count:
				*p = count(number(t, node.Value))
			case **incident.Span:
				var span struct{ From, To yaml.Node }
				require.NoError(t, node.Decode(&span))
				*p = &incident.Span{From: instant(t, span.From.Value), To: instant(t, span.To.Value)}
			default:
				require.Failf(t, "unknown type", "of %s", name)
			}
		}
		for name := range row {
			assert.True(t, known[name], "a fact has no %s", name)
		}
		all = append(all, f)
	}
	return all
}

func instant(t *testing.T, text string) unit.Instant {
	at, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return unit.Instant(at.Sub(start).Nanoseconds())
}

func number(t *testing.T, text string) float64 {
	v, err := unit.ParseNumber(text)
	require.NoError(t, err)
	return v
}

func count(v float64) *unit.Count {
	c := unit.Count(v)
	return &c
}
