package clerk

import "fmt"

func checkPlans(plans []Plan) error {
	defaults := 0
	for _, p := range plans {
		if p.Default {
			defaults++
		}
	}
	if defaults != 1 {
		return fmt.Errorf("an instance has exactly one default plan, not %d", defaults)
	}
	return nil
}
