package template

// The types of resources whose properties are read.
const (
	kindFunction = "AWS::Serverless::Function"
	kindHTTPAPI  = "AWS::Serverless::HttpApi"
	kindQueue    = "AWS::SQS::Queue"
	kindTable    = "AWS::DynamoDB::Table"
	kindBus      = "AWS::Events::EventBus"
)

// identity is what references to a resource resolve to.
type identity struct {
	name       string
	ref        string            // the value of !Ref
	attributes map[string]string // the values of !GetAtt
}

// kind says how resources of one type are named and referred to. The values of
// !Ref and !GetAtt are the "Return values" of the type's page in the
// CloudFormation template reference.
type kind struct {
	nameProperty string // empty when the template cannot choose the name
	identify     func(stack Stack, name string) identity
}

// kinds are the types of resources that may stand in a template.
var kinds = map[string]kind{
	kindFunction: {nameProperty: "FunctionName", identify: func(s Stack, name string) identity {
		return identity{ref: name, attributes: map[string]string{"Arn": s.arn("lambda", "function:"+name)}}
	}},
	kindHTTPAPI: {identify: func(_ Stack, name string) identity {
		return identity{ref: name}
	}},
	kindQueue: {nameProperty: "QueueName", identify: func(s Stack, name string) identity {
		return identity{ref: s.QueueURL(name), attributes: map[string]string{"Arn": s.QueueARN(name), "QueueName": name}}
	}},
	kindTable: {nameProperty: "TableName", identify: func(s Stack, name string) identity {
		return identity{ref: name, attributes: map[string]string{"Arn": s.arn("dynamodb", "table/"+name)}}
	}},
	kindBus: {nameProperty: "Name", identify: func(s Stack, name string) identity {
		return identity{ref: name, attributes: map[string]string{"Arn": s.arn("events", "event-bus/"+name), "Name": name}}
	}},
	"AWS::SQS::QueuePolicy": {identify: func(_ Stack, name string) identity {
		return identity{ref: name}
	}},
	"AWS::Logs::LogGroup": {nameProperty: "LogGroupName", identify: func(s Stack, name string) identity {
		return identity{ref: name, attributes: map[string]string{"Arn": s.arn("logs", "log-group:"+name+":*")}}
	}},
	"AWS::IAM::Role": {nameProperty: "RoleName", identify: func(s Stack, name string) identity {
		// IAM is global: its ARNs name no region.
		s.Region = ""
		return identity{ref: name, attributes: map[string]string{"Arn": s.arn("iam", "role/"+name)}}
	}},
}
