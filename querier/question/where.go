package question

import (
	"cmp"
	"encoding/json"
	"slices"
)

// Condition is what a dimension must be: null, one of some values, or within
// bounds (both included).
type Condition struct {
	Dimension string
	Null      bool
	Texts     []string   `json:",omitempty"` // ascending
	Numbers   []int64    `json:",omitempty"` // ascending; of date its first second
	Min, Max  *int64     `json:",omitempty"`
	Degrees   *[2]Degree `json:",omitempty"` // bounds of lat and lon
}

// Degree is a bound in degrees, if there is one.
type Degree struct {
	Is    bool
	Value float64
}

func (p *parser) where(v any) *Error {
	members, ok := v.([]member)
	if v != nil && !ok {
		return wrong("where", `%s: want an object, as in {"country":"DE"}`, describe(v))
	}
	for _, m := range members {
		if m.name == "not" {
			if err := p.not(m.value); err != nil {
				return err
			}
			continue
		}
		if err := p.condition("where.", m, &p.q.Where); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) not(v any) *Error {
	members, ok := v.([]member)
	if !ok {
		return wrong("where.not", `%s: want an object, as in {"country":"DE"}`, describe(v))
	}
	for _, m := range members {
		if err := p.condition("where.not.", m, &p.q.Not); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) condition(in string, m member, to *[]Condition) *Error {
	dimension, ok := p.shape.resolve(m.name)
	if !ok {
		return wrong(in+cut(m.name), "no such dimension; %s", p.shape.names())
	}
	c := Condition{Dimension: dimension}
	field := in + m.name
	if err := c.read(field, m.value); err != nil {
		return err
	}
	at, found := slices.BinarySearchFunc(*to, dimension, func(c Condition, d string) int { return cmp.Compare(c.Dimension, d) })
	if found {
		return wrong(field, "the dimension stands there twice")
	}
	*to = slices.Insert(*to, at, c)
	return nil
}

func (c *Condition) read(field string, v any) *Error {
	if bounds, ok := v.([]member); ok {
		return c.bounds(field, bounds)
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	if len(list) == 0 || len(list) > maxValues {
		return wrong(field, "%d values: want 1 to %d", len(list), maxValues)
	}
	for _, v := range list {
		if v == nil {
			c.Null = true
		} else if err := c.value(field, v); err != nil {
			return err
		}
	}
	slices.Sort(c.Texts)
	c.Texts = slices.Compact(c.Texts)
	slices.Sort(c.Numbers)
	c.Numbers = slices.Compact(c.Numbers)
	return nil
}

func (c *Condition) value(field string, v any) *Error {
	switch c.Dimension {
	case Lat, Lon:
		return wrong(field, `%s: want bounds in degrees, as in {"min":35,"max":71.5}`, describe(v))
	case Cell, Date, Hour, Weekday:
		n, err := c.number(field, v)
		if err == nil {
			c.Numbers = append(c.Numbers, n)
		}
		return err
	}
	s, ok := v.(string)
	if !ok {
		return wrong(field, "%s: want text, null, or a list of them", describe(v))
	}
	if len(s) > maxText {
		return wrong(field, "a value of %d bytes: want at most %d", len(s), maxText)
	}
	c.Texts = append(c.Texts, s)
	return nil
}

// number reads a value of a dimension that has numbers, or a date.
func (c *Condition) number(field string, v any) (int64, *Error) {
	if c.Dimension == Date {
		s, _ := v.(string)
		sec, ok := parseTime(s)
		if !ok || sec%day != 0 || sec < 0 {
			return 0, wrong(field, "%s: want a date, as in 2026-03-24", describe(v))
		}
		return sec, nil
	}
	least, most := int64(0), int64(1<<32-1)
	switch c.Dimension {
	case Hour:
		most = 23
	case Weekday:
		least, most = 1, 7
	}
	n, ok := whole(v)
	if !ok || n < least || n > most {
		return 0, wrong(field, "%s: want a whole number from %d to %d", describe(v), least, most)
	}
	return n, nil
}

func (c *Condition) bounds(field string, members []member) *Error {
	if c.Dimension != Lat && c.Dimension != Lon && c.Dimension != Cell && !slices.Contains(Times, c.Dimension) {
		return wrong(field, "only lat, lon, cell, date, hour and weekday have bounds: want text, null, or a list of them")
	}
	for _, m := range members {
		if m.name != "min" && m.name != "max" {
			return wrong(field+"."+cut(m.name), `no such bound: want "min", "max" or both, which are included`)
		}
		if m.value == nil {
			continue
		}
		if err := c.bound(field, m); err != nil {
			return err
		}
	}
	if c.Min == nil && c.Max == nil && c.Degrees == nil {
		return wrong(field, `want "min", "max" or both`)
	}
	return nil
}

func (c *Condition) bound(field string, m member) *Error {
	if c.Dimension != Lat && c.Dimension != Lon {
		n, err := c.number(field+"."+m.name, m.value)
		if err != nil {
			return err
		}
		if m.name == "min" {
			c.Min = &n
		} else {
			c.Max = &n
		}
		return nil
	}
	number, _ := m.value.(json.Number)
	f, err := number.Float64()
	if err != nil || f < -180 || f > 180 {
		return wrong(field+"."+m.name, "%s: want degrees, -180 to 180", describe(m.value))
	}
	if c.Degrees == nil {
		c.Degrees = &[2]Degree{}
	}
	if m.name == "min" {
		c.Degrees[0] = Degree{true, f}
	} else {
		c.Degrees[1] = Degree{true, f}
	}
	return nil
}
