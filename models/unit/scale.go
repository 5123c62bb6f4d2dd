package unit

import (
	"math"
	"reflect"
)

// A Scaler scales itself.
type Scaler interface{ ScaleBy(f float64) }

// Scale multiplies every Count and Rate below ptr by f, in place, what slices and
// pointers share included. Counts are rounded to the nearest whole number, and
// never to 0 unless they are 0. A value with a method ScaleBy scales itself; one
// that has it from an embedded struct only passes it on to that.
func Scale(ptr any, f float64) {
	if f != 1 {
		scale(reflect.ValueOf(ptr), f)
	}
}

func scale(v reflect.Value, f float64) {
	if v.CanAddr() && v.Addr().CanInterface() {
		if s, ok := v.Addr().Interface().(Scaler); ok && !promoted(v.Type()) {
			s.ScaleBy(f)
			return
		}
		switch p := v.Addr().Interface().(type) {
		case *Count:
			if *p != 0 {
				*p = max(1, Count(math.Floor(float64(float64(*p)*f)+0.5)))
			}
			return
		case *Rate:
			*p = Rate(float64(*p) * f)
			return
		}
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			scale(v.Elem(), f)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				scale(v.Field(i), f)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			scale(v.Index(i), f)
		}
	}
}

// promoted reports whether a type has its ScaleBy from a struct that is embedded.
func promoted(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && reflect.PointerTo(f.Type).Implements(reflect.TypeFor[Scaler]()) {
			return true
		}
	}
	return false
}
