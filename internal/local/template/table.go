package template

import "fmt"

// Table is a DynamoDB table (AWS::DynamoDB::Table).
type Table struct {
	LogicalID string
	Name      string
	ARN       string
	Keys      []Key
	// TTLAttribute holds the time of expiry in epoch seconds; empty when items
	// do not expire.
	TTLAttribute string
}

// Key is an attribute of a table's primary key.
type Key struct {
	Attribute string
	// Role is HASH for the partition key, RANGE for the sort key.
	Role string
	// Type is S for text, N for a number, B for bytes.
	Type string
}

func readTable(r resource) (Table, error) {
	var properties struct {
		TableName            string
		BillingMode          string
		AttributeDefinitions []struct{ AttributeName, AttributeType string }
		KeySchema            []struct{ AttributeName, KeyType string }

		TimeToLiveSpecification struct {
			AttributeName string
			Enabled       bool
		}
		PointInTimeRecoverySpecification struct{ PointInTimeRecoveryEnabled bool }
		SSESpecification                 struct {
			SSEEnabled              bool
			SSEType, KMSMasterKeyId string
		}
	}
	if err := decode(r.properties, &properties); err != nil {
		return Table{}, err
	}
	if properties.BillingMode != "PAY_PER_REQUEST" {
		return Table{}, fmt.Errorf("billing mode %q is not known here, only PAY_PER_REQUEST", properties.BillingMode)
	}
	types := make(map[string]string)
	for _, definition := range properties.AttributeDefinitions {
		types[definition.AttributeName] = definition.AttributeType
	}
	table := Table{LogicalID: r.logicalID, Name: r.identity.name, ARN: r.identity.attributes["Arn"]}
	for _, key := range properties.KeySchema {
		attributeType, ok := types[key.AttributeName]
		if !ok {
			return Table{}, fmt.Errorf("the key %q is not among the attribute definitions", key.AttributeName)
		}
		table.Keys = append(table.Keys, Key{Attribute: key.AttributeName, Role: key.KeyType, Type: attributeType})
	}
	if properties.TimeToLiveSpecification.Enabled {
		table.TTLAttribute = properties.TimeToLiveSpecification.AttributeName
	}
	return table, nil
}
