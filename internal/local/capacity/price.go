package capacity

// price is a list price of AWS in us-east-1, on demand, without free tiers and discounts.
type price struct {
	what    string
	dollars float64
	per     string // what one is charged for
	source  string
}

// Where the prices were read. AWS's own pages of prices fill in their numbers by script, so most were read elsewhere.
const (
	priceList    = "AWS's price list of us-east-1 as copied on 2026-09-06 in github.com/ocelhq/ocel, issue 1014"
	httpAPIPage  = "AWS whitepaper [API Gateway, cost optimization](https://docs.aws.amazon.com/whitepapers/latest/best-practices-api-gateway-private-apis-integration/cost-optimization.html)"
	sqsPage      = "[cloudburn.io](https://cloudburn.io/blog/amazon-sqs-pricing), 2026-03-14"
	busPage      = "[cloudburn.io](https://cloudburn.io/blog/amazon-eventbridge-pricing), 2026-03-13; pieces of 64 KB: [AWS](https://aws.amazon.com/eventbridge/pricing/)"
	secretsPage  = "[AWS](https://aws.amazon.com/secrets-manager/pricing/) as read on 2026-09-20"
	logsPage     = "[duckbillgroup.com](https://www.duckbillgroup.com/?p=9080), May 2025, on logs of Lambda"
	logStorePage = "[hykell.com](https://hykell.com/kb/platform-specific-guides/aws-cloudwatch-logs-pricing), undated"
	metricsPage  = "[signoz.io](https://signoz.io/guides/cloudwatch-pricing), 2026-02-15"
	alarmPage    = "bills that people published in 2026"
	boardPage    = "[factualminds.com](https://www.factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards/), 2026-06-13"
	xrayPage     = "[AWS](https://aws.amazon.com/xray/pricing/), undated copy"
	recoveryPage = "a published bill of us-west-2, 2026-09-05; of us-east-1 none since 2020 was found"
)

var (
	lambdaRequest  = price{"Lambda, an invocation", 0.20e-6, "invocation", priceList}
	lambdaTime     = price{"Lambda on arm64, its time", 0.0000133334, "GB-second", priceList}
	httpRequest    = price{"HTTP API, a request of up to 512 KB", 1.00e-6, "request", httpAPIPage}
	sqsRequest     = price{"SQS, a request of up to 64 KB", 0.40e-6, "request", sqsPage}
	tableWrite     = price{"DynamoDB, a write unit", 0.625e-6, "KB of the item", priceList}
	tableRead      = price{"DynamoDB, a read unit", 0.125e-6, "4 KB of the item", priceList}
	tableStorage   = price{"DynamoDB, storage", 0.25, "GB-month", priceList}
	tableRecovery  = price{"DynamoDB, point-in-time recovery", 0.20, "GB-month", recoveryPage}
	busEvent       = price{"EventBridge, an event of up to 64 KB", 1.00e-6, "event", busPage}
	secretMonth    = price{"Secrets Manager, a secret", 0.40, "month", secretsPage}
	secretRequest  = price{"Secrets Manager, a request", 0.05e-4, "request", secretsPage}
	logIngestion   = price{"CloudWatch Logs, taking lines in", 0.50, "GB", logsPage}
	logStorage     = price{"CloudWatch Logs, keeping them", 0.03, "GB-month", logStorePage}
	metricMonth    = price{"CloudWatch, a metric", 0.30, "month in which it has values", metricsPage}
	alarmMonth     = price{"CloudWatch, a metric that an alarm watches", 0.10, "month", alarmPage}
	dashboardMonth = price{"CloudWatch, a dashboard", 3.00, "month, three are free", boardPage}
	traceRecorded  = price{"X-Ray, a trace", 5.00e-6, "trace", xrayPage}
)

// prices are all of them, as docs/cost.md lists them.
var prices = []price{
	lambdaRequest, lambdaTime, httpRequest, sqsRequest, tableWrite, tableRead, tableStorage, tableRecovery, busEvent, secretMonth, secretRequest,
	logIngestion, logStorage, metricMonth, alarmMonth, dashboardMonth, traceRecorded,
}
