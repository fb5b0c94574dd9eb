package template

import "cmp"

// The types of resources whose properties are read.
const (
	kindFunction    = "AWS::Serverless::Function"
	kindHTTPAPI     = "AWS::Serverless::HttpApi"
	kindEventSource = "AWS::Lambda::EventSourceMapping"
	kindQueue       = "AWS::SQS::Queue"
	kindTopic       = "AWS::SNS::Topic"
	kindTable       = "AWS::DynamoDB::Table"
	kindBus         = "AWS::Events::EventBus"
	kindRule        = "AWS::Events::Rule"
	kindPermission  = "AWS::Lambda::Permission"
)

// The types of resources that change nothing of what happens on a developer's
// machine: who may do what, what is kept, and what is watched.
const (
	kindQueuePolicy  = "AWS::SQS::QueuePolicy"
	kindTopicPolicy  = "AWS::SNS::TopicPolicy"
	kindRole         = "AWS::IAM::Role"
	kindLogGroup     = "AWS::Logs::LogGroup"
	kindMetricFilter = "AWS::Logs::MetricFilter"
	kindArchive      = "AWS::Events::Archive"
	kindAlarm        = "AWS::CloudWatch::Alarm"
	kindDashboard    = "AWS::CloudWatch::Dashboard"
)

// identity is what references to a resource resolve to.
type identity struct {
	name       string
	owner      string            // the name or ARN of what it is a part of, for a rule its event bus
	ref        string            // the value of !Ref
	attributes map[string]string // the values of !GetAtt
}

// arn returns the resource's ARN, and nothing if it has none.
func (i identity) arn() string { return cmp.Or(i.attributes["Arn"], i.attributes["TopicArn"]) }

// kind says how resources of one type are named and referred to. The values of
// !Ref and !GetAtt are the "Return values" of the type's page in the
// CloudFormation template reference.
type kind struct {
	nameProperty  string // empty when the template cannot choose the name
	ownerProperty string // empty when it is no part of anything
	identify      func(stack Stack, named naming) identity
}

// naming is what the template says of a resource's name.
type naming struct {
	name  string
	owner string // empty when the template names none
}

// kinds are the types of resources that may stand in a template.
var kinds = map[string]kind{
	kindFunction: {nameProperty: "FunctionName", identify: func(s Stack, n naming) identity {
		return identity{ref: n.name, attributes: map[string]string{"Arn": s.ARN("lambda", "function:"+n.name)}}
	}},
	kindHTTPAPI: {identify: func(_ Stack, n naming) identity {
		return identity{ref: n.name}
	}},
	kindEventSource: {identify: func(_ Stack, n naming) identity {
		return identity{ref: n.name}
	}},
	kindTopic: {nameProperty: "TopicName", identify: func(s Stack, n naming) identity {
		arn := s.ARN("sns", n.name)
		return identity{ref: arn, attributes: map[string]string{"TopicArn": arn, "TopicName": n.name}}
	}},
	kindTopicPolicy: {identify: func(_ Stack, n naming) identity {
		return identity{ref: n.name}
	}},
	kindArchive: {nameProperty: "ArchiveName", identify: func(s Stack, n naming) identity {
		return identity{ref: n.name, attributes: map[string]string{"Arn": s.ARN("events", "archive/"+n.name), "ArchiveName": n.name}}
	}},
	kindAlarm: {nameProperty: "AlarmName", identify: func(s Stack, n naming) identity {
		return identity{ref: n.name, attributes: map[string]string{"Arn": s.ARN("cloudwatch", "alarm:"+n.name)}}
	}},
	kindDashboard: {nameProperty: "DashboardName", identify: func(_ Stack, n naming) identity {
		return identity{ref: n.name}
	}},
	kindQueue: {nameProperty: "QueueName", identify: func(s Stack, n naming) identity {
		return identity{ref: s.QueueURL(n.name), attributes: map[string]string{"Arn": s.QueueARN(n.name), "QueueName": n.name}}
	}},
	kindTable: {nameProperty: "TableName", identify: func(s Stack, n naming) identity {
		return identity{ref: n.name, attributes: map[string]string{"Arn": s.ARN("dynamodb", "table/"+n.name)}}
	}},
	kindBus: {nameProperty: "Name", identify: func(s Stack, n naming) identity {
		return identity{ref: n.name, attributes: map[string]string{"Arn": s.ARN("events", "event-bus/"+n.name), "Name": n.name}}
	}},
	kindRule: {nameProperty: "Name", ownerProperty: "EventBusName", identify: identifyRule},
	kindPermission: {identify: func(_ Stack, n naming) identity {
		return identity{ref: n.name}
	}},
	kindQueuePolicy: {identify: func(_ Stack, n naming) identity {
		return identity{ref: n.name}
	}},
	kindLogGroup: {nameProperty: "LogGroupName", identify: func(s Stack, n naming) identity {
		return identity{ref: n.name, attributes: map[string]string{"Arn": s.ARN("logs", "log-group:"+n.name+":*")}}
	}},
	kindMetricFilter: {nameProperty: "FilterName", identify: func(_ Stack, n naming) identity {
		return identity{ref: n.name}
	}},
	kindRole: {nameProperty: "RoleName", identify: func(s Stack, n naming) identity {
		// IAM is global: its ARNs name no region.
		s.Region = ""
		return identity{ref: n.name, attributes: map[string]string{"Arn": s.ARN("iam", "role/"+n.name)}}
	}},
}
