# Deployments of an Amazon ECS service go on only with signed images.

variable "image_uri" {
  type        = string
  description = "The image of examples/admission/ecs/Dockerfile in Amazon ECR, by digest"
}

variable "cluster" { type = string }
variable "task_definition" { type = string }
variable "subnets" { type = list(string) }
variable "security_groups" { type = list(string) }

data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}

data "aws_iam_policy_document" "function_trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "function" {
  statement {
    actions   = ["ecs:DescribeServiceRevisions", "signer:GetRevocationStatus", "ecr:GetAuthorizationToken"]
    resources = ["*"]
  }
  statement {
    actions   = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = ["arn:${data.aws_partition.current.partition}:ecr:*:${data.aws_caller_identity.current.account_id}:repository/*"]
  }
}

resource "aws_iam_role" "function" {
  name_prefix        = "notation-admission-"
  assume_role_policy = data.aws_iam_policy_document.function_trust.json
}

resource "aws_iam_role_policy" "function" {
  role   = aws_iam_role.function.id
  policy = data.aws_iam_policy_document.function.json
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.function.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_lambda_function" "admission" {
  function_name = "notation-admission"
  package_type  = "Image"
  image_uri     = var.image_uri
  role          = aws_iam_role.function.arn
  # The service answers within server.limits.deadline, 8 s; a cold start takes a second more.
  timeout     = 15
  memory_size = 256
}

data "aws_iam_policy_document" "hook_trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ecs.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "hook" {
  statement {
    actions   = ["lambda:InvokeFunction"]
    resources = [aws_lambda_function.admission.arn]
  }
}

resource "aws_iam_role" "hook" {
  name_prefix        = "notation-admission-hook-"
  assume_role_policy = data.aws_iam_policy_document.hook_trust.json
}

resource "aws_iam_role_policy" "hook" {
  role   = aws_iam_role.hook.id
  policy = data.aws_iam_policy_document.hook.json
}

resource "aws_ecs_service" "web" {
  name            = "web"
  cluster         = var.cluster
  task_definition = var.task_definition
  desired_count   = 2
  launch_type     = "FARGATE"

  network_configuration {
    subnets         = var.subnets
    security_groups = var.security_groups
  }

  deployment_configuration {
    strategy = "BLUE_GREEN"

    lifecycle_hook {
      hook_target_arn = aws_lambda_function.admission.arn
      role_arn        = aws_iam_role.hook.arn
      # Before a task starts, and again when Amazon ECS has resolved the tags to digests.
      lifecycle_stages = ["PRE_SCALE_UP", "POST_SCALE_UP"]
    }
  }
}
