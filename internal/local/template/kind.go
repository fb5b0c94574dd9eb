package template

// The types of resources whose properties are read.
const (
	kindFunction   = "AWS::Serverless::Function"
	kindHTTPAPI    = "AWS::Serverless::HttpApi"
	kindQueue      = "AWS::SQS::Queue"
	kindTable      = "AWS::DynamoDB::Table"
	kindBus        = "AWS::Events::EventBus"
	kindRule       = "AWS::Events::Rule"
	kindPermission = "AWS::Lambda::Permission"
)

// identity is what references to a resource resolve to.
type identity struct {
	name       string
	owner      string            // the name or ARN of what it is a part of, for a rule its event bus
	ref        string            // the value of !Ref
	attributes map[string]string // the values of !GetAtt
}

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
		return identity{ref: n.name, attributes: map[string]string{"Arn": s.arn("lambda", "function:"+n.name)}}
	}},
	kindHTTPAPI: {identify: func(_ Stack, n naming) identity {
		return identity{ref: n.name}
	}},
	kindQueue: {nameProperty: "QueueName", identify: func(s Stack, n naming) identity {
		return identity{ref: s.QueueURL(n.name), attributes: map[string]string{"Arn": s.QueueARN(n.name), "QueueName": n.name}}
	}},
	kindTable: {nameProperty: "TableName", identify: func(s Stack, n naming) identity {
		return identity{ref: n.name, attributes: map[string]string{"Arn": s.arn("dynamodb", "table/"+n.name)}}
	}},
	kindBus: {nameProperty: "Name", identify: func(s Stack, n naming) identity {
		return identity{ref: n.name, attributes: map[string]string{"Arn": s.arn("events", "event-bus/"+n.name), "Name": n.name}}
	}},
	kindRule: {nameProperty: "Name", ownerProperty: "EventBusName", identify: identifyRule},
	kindPermission: {identify: func(_ Stack, n naming) identity {
		return identity{ref: n.name}
	}},
	"AWS::SQS::QueuePolicy": {identify: func(_ Stack, n naming) identity {
		return identity{ref: n.name}
	}},
	"AWS::Logs::LogGroup": {nameProperty: "LogGroupName", identify: func(s Stack, n naming) identity {
		return identity{ref: n.name, attributes: map[string]string{"Arn": s.arn("logs", "log-group:"+n.name+":*")}}
	}},
	"AWS::IAM::Role": {nameProperty: "RoleName", identify: func(s Stack, n naming) identity {
		// IAM is global: its ARNs name no region.
		s.Region = ""
		return identity{ref: n.name, attributes: map[string]string{"Arn": s.arn("iam", "role/"+n.name)}}
	}},
}
