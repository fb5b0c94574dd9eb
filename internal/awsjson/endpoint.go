package awsjson

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// partitions are the groups of regions whose host names end differently, by the prefix of their regions' names:
// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
var partitions = []struct{ prefix, suffix, dualStack string }{
	{"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
	{"eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
	{"us-isob-", "sc2s.sgov.gov", "api.aws.scloud"},
	{"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
	{"us-iso-", "c2s.ic.gov", "api.aws.ic.gov"},
	{"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
	{"", "amazonaws.com", "api.aws"},
}

// endpointOf returns the URL of a service: the configured one, or that of the region.
func endpointOf(s Service, c aws.Config) (string, error) {
	endpoint, fips, dualStack := configured(s, c)
	if endpoint != "" {
		u, err := url.Parse(endpoint)
		if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
			return "", fmt.Errorf("%s: the configured endpoint must be a URL", s.id)
		}
		u.Path = cmp.Or(u.Path, "/")
		return u.String(), nil
	}
	host := s.name
	if already := strings.HasPrefix(c.Region, "us-gov-") && (s.validated || !dualStack); fips && !already {
		host += "-fips"
	}
	for _, p := range partitions {
		if strings.HasPrefix(c.Region, p.prefix) {
			suffix := p.suffix
			if dualStack {
				suffix = p.dualStack
			}
			return "https://" + host + "." + c.Region + "." + suffix + "/", nil
		}
	}
	return "", nil // the last partition has every region
}

// configured returns what the configuration says, asked in the way in which the SDK's own clients ask.
func configured(s Service, c aws.Config) (endpoint string, fips, dualStack bool) {
	endpoint = aws.ToString(c.BaseEndpoint)
	ctx := context.Background()
	var ignore bool
	for _, source := range c.ConfigSources {
		if p, ok := source.(interface {
			GetIgnoreConfiguredEndpoints(context.Context) (bool, bool, error)
		}); ok {
			ignore, _, _ = p.GetIgnoreConfiguredEndpoints(ctx)
		}
		if p, ok := source.(interface {
			GetServiceBaseEndpoint(context.Context, string) (string, bool, error)
		}); ok && !ignore {
			if own, found, _ := p.GetServiceBaseEndpoint(ctx, s.id); found {
				endpoint = own
			}
		}
		if p, ok := source.(interface {
			GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error)
		}); ok {
			state, _, _ := p.GetUseFIPSEndpoint(ctx)
			fips = fips || state == aws.FIPSEndpointStateEnabled
		}
		if p, ok := source.(interface {
			GetUseDualStackEndpoint(context.Context) (aws.DualStackEndpointState, bool, error)
		}); ok {
			state, _, _ := p.GetUseDualStackEndpoint(ctx)
			dualStack = dualStack || state == aws.DualStackEndpointStateEnabled
		}
	}
	return endpoint, fips, dualStack
}
