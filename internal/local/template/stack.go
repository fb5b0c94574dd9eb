package template

import (
	"errors"
	"fmt"
	"strings"
)

// Stack says where the resources of a template are to stand; it answers the
// template's pseudo parameters and makes up names, ARNs and queue URLs.
type Stack struct {
	// Name is the stack's name, the first part of every name made up.
	Name string
	// AccountID is the twelve digits of the AWS account.
	AccountID string
	// Region is the AWS region, such as us-east-1.
	Region string
	// Endpoint is the base URL of the AWS services; queue URLs start with it.
	Endpoint string
}

// partition and urlSuffix are those of AWS's public regions.
const (
	partition = "aws"
	urlSuffix = "amazonaws.com"
)

func (s Stack) validate() error {
	var problems []error
	for _, part := range []struct{ name, value string }{
		{"name", s.Name}, {"account id", s.AccountID}, {"region", s.Region}, {"endpoint", s.Endpoint},
	} {
		if part.value == "" {
			problems = append(problems, fmt.Errorf("the stack has no %s", part.name))
		}
	}
	return errors.Join(problems...)
}

// pseudo returns the value of a pseudo parameter.
func (s Stack) pseudo(name string) (string, bool) {
	switch name {
	case "AWS::AccountId":
		return s.AccountID, true
	case "AWS::Partition":
		return partition, true
	case "AWS::Region":
		return s.Region, true
	case "AWS::StackName":
		return s.Name, true
	case "AWS::URLSuffix":
		return urlSuffix, true
	}
	return "", false
}

// ARN makes the ARN of a resource of a service.
func (s Stack) ARN(service, resource string) string {
	return strings.Join([]string{"arn", partition, service, s.Region, s.AccountID, resource}, ":")
}

// QueueARN returns the ARN of the SQS queue with a name.
func (s Stack) QueueARN(name string) string { return s.ARN("sqs", name) }

// QueueURL returns the URL of the SQS queue with a name.
func (s Stack) QueueURL(name string) string {
	return strings.TrimSuffix(s.Endpoint, "/") + "/" + s.AccountID + "/" + name
}
